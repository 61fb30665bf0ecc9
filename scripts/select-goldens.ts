/**
 * Copies the goldens that ship with the tests from a full folder of goldens into test/golden: the smaller cases whole, and
 * the data set files that they name. Usage: node --import tsx scripts/select-goldens.ts DIR
 */

import fs from "node:fs";
import path from "node:path";

/** Left out for size or time; each has a sibling that ships. */
const LEFT_OUT = [
  "01_resblock/same_shape",
  "03_affinity_head/radius3",
  "05_affinity_loss/radius4_real",
  "07_gated_crf/real_rgb",
  "07_gated_crf/smooth_rgb",
  "10_loss_box/nonneg_fts",
  "14_dense_crf/imutils_inf_21",
  "17_seam_cam_pcm",
  "18_seam_losses",
  "19_infer_seam",
  "23_tiny_aff_forward",
  "26_full_aff_forward",
  "27_full_seam_forward",
  "30_e2e_inputs/2026_000002",
  "31_e2e_box/2026_000002",
  "31_e2e_others/",
  "31_e2e_others_rw/2026_000002",
];
const [from] = process.argv.slice(2);
if (from === undefined) throw new Error("usage: node --import tsx scripts/select-goldens.ts DIR");
const to = path.join(__dirname, "..", "test", "golden");
fs.rmSync(to, { recursive: true, force: true });

const manifest = JSON.parse(fs.readFileSync(path.join(from, "manifest.json"), "utf8"));
const cases = Object.entries(manifest.cases as Record<string, { tensors: Record<string, { file: string }> }>).filter(
  ([name]) => !LEFT_OUT.some((prefix) => name.startsWith(prefix)),
);
const files = new Set(cases.flatMap(([, { tensors }]) => Object.values(tensors).map(({ file }) => file)));
// The checkpoints are large; weight files of the same formats are in test/fixtures.
for (const entry of fs.readdirSync(path.join(from, "dataset"), { recursive: true, withFileTypes: true })) {
  if (entry.isFile()) files.add(path.join(path.relative(from, entry.parentPath), entry.name));
}
let bytes = 0;
for (const file of files) {
  fs.mkdirSync(path.dirname(path.join(to, file)), { recursive: true });
  fs.copyFileSync(path.join(from, file), path.join(to, file));
  fs.chmodSync(path.join(to, file), 0o644);
  bytes += fs.statSync(path.join(to, file)).size;
}
const kept = JSON.stringify({ ...manifest, cases: Object.fromEntries(cases) });
fs.writeFileSync(path.join(to, "manifest.json"), kept);
process.stdout.write(`${cases.length} cases, ${files.size} files, ${((bytes + kept.length) / 1e6).toFixed(1)} MB\n`);
