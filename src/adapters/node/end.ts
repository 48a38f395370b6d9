/**
 * The end of the process. Node's own waits for calls that a silent disk has not answered, for as long as it keeps silent: then
 * the process is replaced by one that ends with the same code, or killed where that cannot be had.
 */
import process from "node:process"
import { isWaiting } from "../file/Disk.ts"

export function end(code: number): void {
  const isStuck = isWaiting() && !("Deno" in globalThis)
  if (!isStuck) return process.exit(code)
  try {
    process.execve?.("/bin/sh", ["sh", "-c", `exit ${code}`], {})
  } catch {
    // Such as on Windows.
  }
  process.kill(process.pid, "SIGKILL")
}
