/**
 * Writes the software bill of materials of a release, `sbom.cdx.json` (CycloneDX): every package that users get, with its
 * version, licence and hash, by `npm sbom` from the lock file. Put it beside the tarball of `npm pack`.
 *
 * usage: node scripts/sbom.cjs [FILE]
 */

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const root = path.resolve(__dirname, "..");
const file = path.resolve(process.argv[2] ?? path.join(root, "sbom.cdx.json"));
const words = ["sbom", "--omit=dev", "--package-lock-only", "--sbom-format=cyclonedx", "--sbom-type=library"];
const npm = process.env.npm_execpath ?? "";
const [command, ...first] = /npm-cli\.js$/.test(npm) ? [process.execPath, npm] : ["npm"];
const { status, stdout, stderr } = spawnSync(command, [...first, ...words], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 1 << 26,
});
if (status !== 0) {
  process.stderr.write(stderr);
  process.exit(1);
}
const bill = JSON.parse(stdout);
const { name, version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
bill.metadata.component = { ...bill.metadata.component, name, version }; // npm takes the folder's name
delete bill.serialNumber; // random: the same lock file gives the same bill
delete bill.metadata.timestamp;
fs.writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`);
process.stdout.write(`${file}: ${bill.components.length} packages\n`);
