/** The command that starts this program once more, with other arguments. */
import process from "node:process"

/** For Node's module of child processes. On Deno that puts in what Deno needs. */
export function thisProgram(args: ReadonlyArray<string>): ReadonlyArray<string> {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? "", ...args]
}

/** For any other program that starts it, such as `ip netns exec`. */
export function wholeCommand(args: ReadonlyArray<string>): ReadonlyArray<string> {
  if (process.versions["deno"] === undefined) return thisProgram(args)
  return [process.execPath, "run", "-A", process.argv[1] ?? "", ...args]
}
