/** Programs of other projects, as clients of the proxy port. */
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import type { Means } from "../able.ts"
import { lacks } from "../able.ts"

/** Where Debian has programs that are not in every user's path. */
const MORE = ["/usr/sbin", "/usr/local/sbin", "/usr/lib/git-core"]

/** The file of the first of these programs that is installed. */
export function fileOf(...names: ReadonlyArray<string>): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), ...MORE]
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => {
    try {
      fs.accessSync(file, fs.constants.X_OK)
      return fs.statSync(file).isFile()
    } catch {
      return false
    }
  })
}

/** Whether tests that need the program must be skipped; says so, and how to get it. */
export const lacksTool = (means: Means, debianPackage: string, ...names: ReadonlyArray<string>): boolean =>
  lacks(
    means,
    fileOf(...names) === undefined ? `${names.join(" or ")} is not installed (Debian package ${debianPackage})` : ""
  )

/** The first line of what `PROGRAM --version` prints. */
export const versionOf = (program: string, flag = "--version"): string =>
  (spawnSync(program, [flag], { encoding: "utf8" }).stdout ?? "").split("\n", 1)[0] ?? ""

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ToolOptions {
  readonly cwd?: string
  /** Beside `PATH` and these, the program sees no variable of this process. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly timeoutMs?: number
}

/** Runs a program to its end. A program that takes too long is killed. */
export function runTool(
  program: string,
  args: ReadonlyArray<string>,
  { cwd = ".", env = {}, input = "", timeoutMs = 60_000 }: ToolOptions = {}
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C", ...env } })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text))
    const timer = setTimeout(() => {
      stderr += `\nkilled after ${timeoutMs} ms`
      child.kill("SIGKILL")
    }, timeoutMs)
    child.once("error", reject)
    child.once("close", (code) => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr })
    })
    child.stdin.on("error", () => {})
    child.stdin.end(input)
  })
}
