/**
 * Parts of a bench in processes of their own, so that each one's CPU is its own. A part answers one line of JSON to each
 * line of JSON on its input, and ends when its input does: nothing is left behind when a bench is killed.
 */
import { spawn } from "node:child_process"
import process from "node:process"
import { createInterface } from "node:readline"

export interface Child {
  readonly ask: <A>(question: unknown) => Promise<A>
  readonly stop: () => void
}

/** A part that does not answer for this long has failed. */
const PATIENCE_MS = 180_000

/** Starts `bench/parts/<name>.ts` on the runtime of this process, with the V8 flags of BENCH_NODE_FLAGS on Node. */
export function start(name: string, args: ReadonlyArray<string> = []): Child {
  const script = new URL(`../parts/${name}.ts`, import.meta.url).pathname
  const flags = "deno" in process.versions
    ? ["run", "-A"]
    : (process.env["BENCH_NODE_FLAGS"] ?? "").split(" ").filter(Boolean)
  const child = spawn(process.execPath, [...flags, script, ...args], { stdio: ["pipe", "pipe", "inherit"] })
  const waiting: Array<(line: string) => void> = []
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.(line))
  child.on("exit", (code) => {
    if (waiting.length > 0) throw new Error(`${name} ended with ${code} while it was asked something`)
  })
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${name} does not answer`)), PATIENCE_MS)
        waiting.push((line) => {
          clearTimeout(timer)
          resolve(JSON.parse(line))
        })
        child.stdin.write(`${JSON.stringify(question)}\n`)
      }),
    stop: () => child.stdin.end()
  }
}

/** The other end: answers each question, and ends when there are no more. */
export function answer(respond: (question: any) => unknown, leave: () => unknown = () => {}): void {
  const lines = createInterface({ input: process.stdin })
  lines.on("line", async (line) => console.log(JSON.stringify(await respond(JSON.parse(line)))))
  lines.on("close", async () => {
    await leave()
    process.exit(0)
  })
}

export interface Usage {
  readonly userUs: number
  readonly systemUs: number
  readonly rssBytes: number
}

/** CPU that this process has used so far, and its memory. */
export function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { userUs: user, systemUs: system, rssBytes: process.memoryUsage().rss }
}
