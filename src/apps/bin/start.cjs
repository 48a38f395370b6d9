// Starts the bundled program. Apart from fairlead.cjs, because a Node that is too old cannot read `import()`.
"use strict"
// Compiled code is kept in the system's directory for temporary files, or where NODE_COMPILE_CACHE says. Deno has its own.
require("node:module").enableCompileCache?.()
import("./main.js")
