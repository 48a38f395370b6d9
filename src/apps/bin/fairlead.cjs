#!/usr/bin/env node
// The command of the package. Plain JavaScript of 2009: every Node reads this file, and one that is too old says so.
// deno-lint-ignore-file no-var
"use strict"
var version = process.versions.node
var parts = version.split(".")
var tooOld = Number(parts[0]) < 22 || (Number(parts[0]) === 22 && Number(parts[1]) < 19)
if (tooOld) {
  process.stderr.write(
    "fairlead: Node " + version + " is too old: install Node 22.19 or newer (https://nodejs.org), or Deno 2.9\n"
  )
  process.exitCode = 2
} else {
  require("./start.cjs")
}
