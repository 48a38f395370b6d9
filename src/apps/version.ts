/** The version of the package: that of package.json, which a test compares. Not every runtime reads JSON as a module. */
export const VERSION = "0.1.0"
