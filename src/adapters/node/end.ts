/**
 * The end of the process.
 *
 * - What was printed is passed on first: on Node a pipe takes 64 KiB at once, and an exit would cut off the rest. A second call
 *   does not wait for a slow reader.
 * - The runtime waits for calls that a disk has not answered, without a limit. So the process is replaced by one that ends with the
 *   same code, or is killed where that fails.
 */
import process from "node:process"
import { isWaiting } from "../file/Disk.ts"

let isPrinting = false

export function end(code: number): void {
  const { stdout } = process
  if (isPrinting || stdout.writableLength === 0) return leave(code)
  isPrinting = true
  // Where the reader is gone, the rest is lost.
  stdout.once("error", () => leave(code))
  stdout.write("", () => leave(code))
}

function leave(code: number): void {
  const isStuck = isWaiting() && !("Deno" in globalThis)
  if (!isStuck) return process.exit(code)
  try {
    process.execve?.("/bin/sh", ["sh", "-c", `exit ${code}`], {})
  } catch {
    // On Windows, for example.
  }
  process.kill(process.pid, "SIGKILL")
}
