/** The version of this package: records and caches carry it, so that nothing of another version counts as current. */

export const version: string = (require("../package.json") as { readonly version: string }).version;
