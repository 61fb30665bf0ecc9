import assert from "node:assert/strict";
import { test } from "node:test";
import { csvText } from "../src/csv-text";

test("text that a spreadsheet would take for a formula is marked as text, numbers stay numbers", () => {
  const cells = [
    "=1+1",
    "+cmd",
    "-x",
    "@sum",
    "\tx",
    "-1.5",
    "+2",
    "a=b",
    "",
    -3,
    true,
    'say "no", twice',
    "two\nlines",
  ];
  assert.equal(
    csvText([["name"], cells]),
    `name\n'=1+1,'+cmd,'-x,'@sum,'\tx,-1.5,+2,a=b,,-3,true,"say ""no"", twice","two\nlines"\n`,
  );
  assert.equal(csvText([['=HYPERLINK("x","y")']]), `"'=HYPERLINK(""x"",""y"")"\n`);
});
