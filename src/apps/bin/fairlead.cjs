#!/usr/bin/env node
// The command of the package. Plain JavaScript of 2009: every Node reads this file, and one that is too old says so.
// deno-lint-ignore-file no-var
"use strict"
var version = process.versions.node
var enableCompileCache = require("module").enableCompileCache
var parts = version.split(".")
var tooOld = Number(parts[0]) < 22 || (Number(parts[0]) === 22 && Number(parts[1]) < 19)
if (tooOld) {
  process.stderr.write(
    "fairlead: Node " + version + " is too old: install Node 22.19 or newer (https://nodejs.org), or Deno 2.9\n"
  )
  process.exitCode = 2
} else {
  // Compiled code is kept where NODE_COMPILE_CACHE says, else in the system's directory for temporary files. Deno has its own.
  if (enableCompileCache !== undefined) enableCompileCache()
  require("./main.cjs")
}
