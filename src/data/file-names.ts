/**
 * Names of photographs and of what belongs to them. The same letter may be written in two ways (é as one sign or as e with
 * an accent: macOS writes the second), extensions in upper case, and a tool may have put a prefix in front or spaces as
 * `%20`: names are compared so that such differences do not count, and those that do not match are told with the nearest.
 */

/** Extensions of photographs that are read, lower case, the likelier first. */
export const PHOTOGRAPH_EXTENSIONS: readonly string[] = [
  ".jpg",
  ".jpeg",
  ".png",
  ".webp",
  ".jfif",
  ".bmp",
  ".tif",
  ".tiff",
  ".gif",
  ".avif",
];

/** Photographs as well, but of kinds that cannot be read here. */
export const UNREADABLE_EXTENSIONS: readonly string[] = [
  ".heic",
  ".heif",
  ".jxl",
  ".jp2",
  ".dng",
  ".cr2",
  ".nef",
  ".arw",
];

/** Longest name without extension, in bytes: file systems allow 255 with the longest extension of a result, `.json`. */
export const MAX_NAME_BYTES = 250;

/** True for a name that stays in its folder: no separators, no control characters, not dots alone, not too long. */
export function isPlainName(name: string): boolean {
  return whyNotPlain(name) === undefined;
}

/** What is wrong with a name, or undefined. A colon is refused where it would name a drive or a stream (Windows). */
export function whyNotPlain(name: string, platform: string = process.platform): string | undefined {
  if (name.length === 0) return "it is empty";
  if (/^\.+$/.test(name)) return "it is dots alone";
  if (/[/\\]/.test(name)) return "it leads into another folder";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(name)) return "it holds control characters";
  if (platform === "win32" && name.includes(":")) return "it holds a colon";
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    return `it is longer than ${MAX_NAME_BYTES} bytes, which leaves no room for the results' names: rename it`;
  return undefined;
}

/** A file's name without its extension, where that is one of a photograph. */
export function stemOf(name: string): string {
  const at = name.lastIndexOf(".");
  return at > 0 && isPhotograph(name) ? name.slice(0, at) : name;
}

export function isPhotograph(name: string): boolean {
  return !name.startsWith(".") && PHOTOGRAPH_EXTENSIONS.includes(extensionOf(name));
}

/** Lower case, with its dot. */
export function extensionOf(name: string): string {
  const at = name.lastIndexOf(".");
  return at > 0 ? name.slice(at).toLowerCase() : "";
}

/** The form in which names are compared. */
export function sameName(name: string): string {
  return name.normalize("NFC");
}

/** The last part of a path, whatever system or address it comes from: a folder's separators, `?d=…/a.jpg`, `#`. */
export function lastPart(path: string): string {
  const plain = path.replaceAll("\\", "/");
  return plain.slice(plain.lastIndexOf("/") + 1);
}

/** What tools make of a name: Label Studio puts eight digits in front, others write `%20` for a space. */
export function cleanedName(name: string): string {
  return sameName(decoded(name)).replace(/^[0-9a-f]{8}-(?=.)/, "");
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Up to three of the names that a mistyped or differently written one may mean, the nearest first. */
export function nearestNames(name: string, names: Iterable<string>): string[] {
  const wanted = cleanedName(name).toLowerCase();
  const found: { name: string; distance: number }[] = [];
  let looked = 0;
  for (const candidate of names) {
    if (++looked > MAX_LOOKED) break;
    const other = cleanedName(candidate).toLowerCase();
    const distance = other === wanted ? 0 : partDistance(wanted, other);
    if (distance < 1) found.push({ name: candidate, distance });
  }
  return found
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map((each) => each.name);
}

/** Names that are looked through for near ones. */
const MAX_LOOKED = 100_000;

/** Below 1 where one name is part of the other or they share a long beginning: the less they differ, the smaller. */
function partDistance(wanted: string, other: string): number {
  if (wanted.length === 0 || other.length === 0) return 1;
  const [short, long] = wanted.length < other.length ? [wanted, other] : [other, wanted];
  if (short.length >= 2 && long.includes(short)) return 0.2 + 0.5 * (1 - short.length / long.length);
  if (short.length === 1 && (long.startsWith(`${short}_`) || long.endsWith(`_${short}`) || long.endsWith(`-${short}`)))
    return 0.8;
  let shared = 0;
  while (shared < short.length && short[shared] === long[shared]) shared++;
  return shared >= 4 && shared / long.length > 0.6 ? 0.9 : 1;
}
