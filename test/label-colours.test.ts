import assert from "node:assert/strict";
import { test } from "node:test";
import { fittedLabel } from "../src/data/fitted-label";
import { VOC, vocPalette } from "../src/data/voc";

const label = { width: 2, height: 1, data: Uint8Array.of(0, 1) };
/** Value 0 black, value 1 in this colour. */
const colours = (...colour: number[]): Uint8Array => Uint8Array.of(0, 0, 0, ...colour);

test("VOC's classes have VOC's colours: a value in another class's colour is of another order", () => {
  const [, , , , , , , car, cat] = vocPalette(21);
  assert.throws(() => fittedLabel({ label, colours: colours(...cat) }, undefined, VOC, "mask.png"), {
    code: "input",
    message: /value 1 \(aeroplane\) in its class's colour, got that of cat: .*mask\.png/,
  });
  for (const fine of [vocPalette(2)[1], [0, 0, 0], [1, 1, 1], [255, 255, 255]])
    assert.equal(fittedLabel({ label, colours: colours(...fine) }, undefined, VOC, "mask.png").data[1], 1);
  const own = { classes: ["background", "leaf", "brick"], palette: vocPalette(3), ignore: 255 };
  assert.equal(fittedLabel({ label, colours: colours(...car) }, undefined, own, "mask.png").data[1], 1);
  assert.equal(fittedLabel({ label, colours: colours(...vocPalette(3)[2]) }, undefined, own, "mask.png").data[1], 1);
});

test("a data set with colours of its own: so are its labels", () => {
  const palette = [
    [0, 0, 0],
    [10, 200, 10],
    [200, 10, 10],
  ] as const;
  const own = { classes: ["background", "leaf", "brick"], palette, ignore: 255 };
  assert.equal(fittedLabel({ label, colours: colours(10, 200, 10) }, undefined, own, "mask.png").data[1], 1);
  assert.throws(
    () => fittedLabel({ label, colours: colours(200, 10, 10) }, undefined, own, "mask.png"),
    /that of brick/,
  );
});
