/**
 * Runs all checks, in an order that shows failures early: format, lint, types by both checkers, then the tests on Node and on Deno. Prints the
 * counts for each runtime and a last line. Exits with 1 if a check failed.
 */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const ON_DENO = [
  ...[
    "test/core",
    "test/record",
    "test/plane",
    "test/sim",
    "test/shell",
    "test/adapters",
    "test/apps",
    "test/collector",
    "test/examples",
    "test/ingress",
    "test/package",
    "test/peers",
    "test/http",
    "test/embedding.test.ts",
    "test/edge/config.test.ts",
    "test/edge/edge.test.ts",
    "test/edge/replaying.test.ts",
    "test/edge/rounds.test.ts"
  ],
  // Tests that must give the same bits on every runtime: recorded runs, and the arithmetic, chance and digests below them.
  ...["test/histories", "property-tests/whole/replay.test.ts"],
  // Names in other scripts are read by the runtime's URL, and ClientHellos are written by its TLS.
  ...["property-tests/laws/hosts.test.ts", "property-tests/fuzz"],
  ...["backoff", "decay", "digest", "ewma", "hash", "rng", "successWindow"].map((law) =>
    `property-tests/laws/${law}.test.ts`
  )
]
// npm puts this folder first, and Deno's tasks do not.
process.env["PATH"] = [path.resolve("node_modules/.bin"), process.env["PATH"]].join(path.delimiter)
// As in `npm start`: the tests start the program some hundred times.
process.env["NODE_COMPILE_CACHE"] ??= path.resolve("node_modules/.cache/fairlead")
const scratch = mkdtempSync(path.join(os.tmpdir(), "fairlead-check-"))
const failures: Array<string> = []

const shell = process.platform === "win32"

function tell(name: string, began: number, passed: boolean): void {
  const tookS = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${passed ? "ok  " : "FAIL"} ${name} (${tookS} s)`)
  if (!passed) failures.push(name)
}

function step(name: string, command: string, args: ReadonlyArray<string>): void {
  const began = performance.now()
  const { status } = spawnSync(command, args, { stdio: ["ignore", 1, 2], shell })
  tell(name, began, status === 0)
}

/** A step beside others: what it prints comes when it has ended. */
async function aside(name: string, command: string, args: ReadonlyArray<string>): Promise<void> {
  const began = performance.now()
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], shell })
  const printed: Array<Uint8Array> = []
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Uint8Array) => void printed.push(chunk))
  const passed = await new Promise<boolean>((resolve) => {
    child.once("error", () => resolve(false)).once("close", (code) => resolve(code === 0))
  })
  for (const chunk of printed) process.stdout.write(chunk)
  tell(name, began, passed)
}

function tests(runtime: string, command: string, args: ReadonlyArray<string>): Counts {
  const report = path.join(scratch, `${runtime}.json`)
  step(`tests on ${runtime}`, command, [...args, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`])
  try {
    const { numPassedTests, numFailedTests, numPendingTests, success } = JSON.parse(readFileSync(report, "utf8"))
    const failed = numFailedTests + (success || numFailedTests > 0 ? 0 : 1)
    return { passed: numPassedTests, failed, skipped: numPendingTests }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

step("format", "deno", ["fmt", "--check", "--quiet"])
step("lint", "deno", ["lint", "--quiet"])
// Deno's check takes longer than all the others, on one core: these run beside it.
const checked = aside("types (deno)", "deno", [
  ...["check", "--quiet"],
  ...["src", "test", "property-tests", "bench", "examples", "tools"]
])
await aside("types (tsc)", "tsc", [])
await aside("configuration page", "node", ["tools/configReference.ts", "--check"])
await aside("configuration types", "node", ["tools/configTypes.ts", "--check"])
await aside("build", "node", ["tools/build.ts"])
await checked
const counts: Record<string, Counts> = {
  node: tests("node", "vitest", ["run"]),
  deno: tests("deno", "deno", ["run", "-A", "npm:vitest", "run", ...ON_DENO])
}
rmSync(scratch, { recursive: true })

console.log("\nruntime  passed  failed  skipped")
for (const [runtime, { passed, failed, skipped }] of Object.entries(counts)) {
  console.log(
    `${runtime.padEnd(7)}  ${[passed, failed, skipped].map((n, i) => String(n).padStart(i === 2 ? 7 : 6)).join("  ")}`
  )
}
console.log(
  "(Deno runs all suites but architecture, dashboard (a browser), readme and those laws that do not depend on the runtime: of the laws it runs replay, arithmetic and hosts)"
)
if (failures.length > 0) console.log(`failed: ${failures.join(", ")}`)
const sum = (key: keyof Counts) => Object.values(counts).reduce((all, one) => all + one[key], 0)
const otherFailures = failures.filter((name) => !name.startsWith("tests on")).length
console.log(`\n${sum("passed")} passed, ${sum("failed") + otherFailures} failed, ${sum("skipped")} skipped`)
process.exit(failures.length === 0 ? 0 : 1)
