import assert from "node:assert/strict";
import { test } from "node:test";
import { type PickleRules, type PickleValue, unpickle } from "../src/weights/pickle";
import { pythonGlobals, rulesOf } from "../src/weights/python-globals";

const rules = rulesOf(pythonGlobals);
const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const read = (text: string | Uint8Array, with_: PickleRules = rules): PickleValue =>
  unpickle(typeof text === "string" ? latin1(text) : text, "x.pkl", with_).value;
const refused = (text: string | Uint8Array, message: RegExp): void =>
  assert.throws(() => read(text), { name: "UserError", code: "weights", message });

test("numbers, strings and constants of all protocols", () => {
  const values: [string, PickleValue][] = [
    ["N", null],
    ["\x88", true],
    ["I00\n", false],
    ["K\xff", 255],
    ["M\xff\xff", 65535],
    ["J\xfe\xff\xff\xff", -2],
    ["\x8a\x00", 0],
    ["\x8a\x01\xff", -1],
    ["\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 0x1950a86a20f9469cfc6cn],
    ["\x8b\x02\0\0\0\0\x01", 256],
    ["I-12\n", -12],
    ["L12L\n", 12],
    ["F-1.5e3\n", -1500],
    ["F-inf\n", -Infinity],
    ["G\x3f\xf0\0\0\0\0\0\0", 1],
    ["S'a\\x41\\n\\'b'\n", "aA\n'b"],
    ["Va\\u00fc\\U0001f600\n", "aü😀"],
    ["U\x02a\xfc", "aü"],
    ["T\x02\0\0\0ab", "ab"],
    ["X\x02\0\0\0\xc3\xbc", "ü"],
    ["\x8c\x02\xc3\xbc", "ü"],
    ["\x8d\x02\0\0\0\0\0\0\0\xc3\xbc", "ü"],
  ];
  for (const [text, value] of values) assert.deepEqual(read(`${text}.`), value, text);
  for (const text of ["C\x02ab", "B\x02\0\0\0ab", "\x8e\x02\0\0\0\0\0\0\0ab", "\x96\x02\0\0\0\0\0\0\0ab"])
    assert.equal(Buffer.from(read(`${text}.`) as Uint8Array).toString(), "ab");
});

test("containers, the memo, protocols 0 and 4", () => {
  assert.deepEqual(read("(K\x01K\x02t."), [1, 2]);
  assert.deepEqual(read("](K\x01K\x02e."), [1, 2]);
  assert.deepEqual(read("(lp0\nI1\naI2\na."), [1, 2]);
  assert.deepEqual(read("(dp0\nS'a'\nI1\ns."), new Map([["a", 1]]));
  assert.deepEqual(
    read("}(K\x01K\x02K\x03K\x04u."),
    new Map([
      [1, 2],
      [3, 4],
    ]),
  );
  assert.deepEqual(read("\x80\x04\x95\x05\0\0\0\0\0\0\0]\x94(K\x01h\x00e."), read("]q\x00(K\x01h\x00e."));
  assert.deepEqual(read("ccollections\nOrderedDict\n)R(K\x01K\x02u."), new Map([[1, 2]]));
  assert.deepEqual(read("\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R."), new Map());
  assert.deepEqual(read("ccollections\nOrderedDict\n(((K\x01K\x02tttR."), new Map([[1, 2]]));
  assert.equal(unpickle(latin1("N.K\x05."), "", rules, 2).value, 5);
  assert.equal(unpickle(latin1("N.K\x05."), "", rules, 2).end, 5);
});

test("a list may hold itself: nothing follows it round", () => {
  const list = read("]q\x00h\x00a.") as PickleValue[];
  assert.equal(list[0], list);
});

test("whatever could run is refused by name", () => {
  refused("cos\nsystem\n(S'true'\ntR.", /"os\.system": refused \(x\.pkl\)/);
  refused("\x8c\x05posix\x8c\x06system\x93.", /"posix\.system"/);
  for (const name of [
    "builtins\neval",
    "builtins\ngetattr",
    "builtins\n__import__",
    "torch.hub\nload",
    "subprocess\nPopen",
  ])
    refused(`c${name}\n.`, /refused/);
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"])
    refused(`c${name}\n${name}\n.`, /refused/);
  refused("(S'true'\nios\nsystem\n.", /instruction 0x69/); // INST
  refused("(cbuiltins\nlist\no.", /instruction 0x6f/); // OBJ
  refused("\x82\x01.", /instruction 0x82/); // EXT1
  refused("\x97.", /instruction 0x97/); // NEXT_BUFFER
  refused("K\x01Q.", /something outside/);
  refused("K\x01)R.", /no function/);
  refused("cbuiltins\nlist\nK\x01R.", /without arguments/);
  refused("K\x01}b.", /state for what has none/);
});

test("malformed pickles", () => {
  for (const text of [
    "",
    ".",
    "0.",
    "t.",
    "K",
    "h\x00.",
    "NN.",
    "(N.",
    "]K\x01K\x02s.",
    "}(K\x01u.",
    "Na.",
    "\x80\x06N.",
  ])
    refused(text, /not a readable pickle/);
  refused("X\xff\xff\xff\xffab.", /4294967295 bytes wanted, 3 left/);
  refused("\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", /bytes wanted/);
  refused("\x8b\xff\xff\xff\x7f.", /an integer of 2147483647 bytes/);
  refused("I1e5\n.", /no integer/);
  refused(`I${"9".repeat(200)}\n.`, /no integer/);
  refused("F0x10\n.", /no number/);
  refused("Sabc\n.", /without quotes/);
  refused("I12", /without end/);
});

test("bombs are refused in bounded time and memory", () => {
  refused(Buffer.alloc(3e6, "}"), /too many objects/);
  refused(Buffer.alloc(3e6, "]"), /too many objects/);
  const text = Buffer.concat([latin1("X\0\0\0\x01"), Buffer.alloc(1 << 24, "a")]);
  const copies = "h\x01h\x02h\x03\x86R".repeat(1000);
  const encode = "](c_codecs\nencode\nq\x01";
  refused(Buffer.concat([latin1(encode), text, latin1("q\x02U\x06latin1q\x03"), latin1(copies)]), /too many objects/);
  // Each list holds the one before twice: 2^60 elements for whoever walked them.
  const laughs = `]q\x00${"](h\x00h\x00eq\x00".repeat(60)}`;
  const levels = read(`(${laughs}t.`) as PickleValue[];
  assert.equal(levels.length, 61);
});
