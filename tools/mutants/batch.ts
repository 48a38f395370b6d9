/** Tries some mutants with the tests, in as few processes as their hangs and left-overs allow. */
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import type { Placed } from "./instrument.ts"
import { switchable } from "./instrument.ts"
import type { TestFile } from "./testFiles.ts"
import { isNear } from "./testFiles.ts"
import type { Result } from "./Mutant.ts"
import type { Entry } from "./session.ts"
import { codeFile, journalFile, note, readJournal, SESSION_VARIABLE, writeSession } from "./session.ts"

export interface Batch {
  readonly root: string
  /** A folder for this batch alone. */
  readonly folder: string
  readonly chosen: ReadonlyArray<Placed>
  readonly testFiles: ReadonlyArray<TestFile>
  readonly names: string
  readonly budgetMs: number
  /** Called once for each mutant, as soon as its fate is known. */
  readonly onResult: (result: Result) => void
  readonly endsAtMs: number
  readonly say: (text: string) => void
}

const POLL_MS = 250
/** On top of what the test process allows a run, before it is ended from outside: a loop without a pause. */
const GRACE_MS = 3_000

/**
 * First each mutant meets the tests that are about its file, then all others, at last by itself what is reached only while modules load. Ends at
 * `endsAtMs`; what is not decided then gets no result.
 */
export async function runBatch(batch: Batch): Promise<void> {
  const { root, testFiles, names, budgetMs, say } = batch
  const { files, mutants } = await switchable(root, batch.chosen)
  const open = new Map(mutants.map((mutant) => [mutant.id, mutant]))
  const decide: Decide = (id, status, by) => {
    const mutant = open.get(id)
    if (mutant === undefined) return
    open.delete(id)
    const { id: _, place: __, ...plain } = mutant
    batch.onResult({ ...plain, status, ...(by === undefined ? {} : { by }) })
  }
  const isOver = () => open.size === 0
  const nearTo = (source: string) => testFiles.filter((test) => isNear(test, source)).map(({ file }) => file)
  const near = Object.fromEntries(mutants.map(({ id, file }) => [id, nearTo(file)]))
  const nearest = new Set(Object.values(near).flat())
  const all = testFiles.map(({ file }) => file)

  const first = folderOf(batch, "near", files)
  writeSession(first, { ids: [...open.keys()], testFiles: all.filter((file) => nearest.has(file)), names, near, budgetMs })
  if (nearest.size > 0 && await inProcesses(batch, first, decide, isOver) === "late") return
  say(`${open.size} left for tests of other files`)
  const second = folderOf(batch, "all", files)
  writeSession(second, { ids: [...open.keys()], testFiles: all, names, budgetMs })
  for (const entry of readJournal(first)) if (entry.kind === "passed" || entry.kind === "broken") note(second, entry)
  if (!isOver() && await inProcesses(batch, second, decide, isOver) === "late") return

  const entries = readJournal(second)
  for (const entry of entries) if (entry.kind === "broken") say(`failed without a mutant: ${entry.test}: ${entry.why}`)
  const reached = (isStatic: boolean) =>
    new Set(entries.flatMap((entry) => (entry.kind === "reached" && entry.isStatic === isStatic ? entry.ids : [])))
  const [byTests, onLoad] = [reached(false), reached(true)]
  for (const id of [...open.keys()].filter((id) => !onLoad.has(id))) decide(id, byTests.has(id) ? "survived" : "uncovered")
  if (open.size > 0) say(`${open.size} mutants are reached while modules load: each gets a process`)
  for (const { id, file } of [...open.values()]) {
    const folder = folderOf(batch, `static-${id}`, files)
    const close = nearTo(file)
    writeSession(folder, {
      ids: [id],
      testFiles: [...close, ...all.filter((one) => !close.includes(one))],
      names,
      budgetMs,
      onFromStart: id
    })
    for (const entry of entries) if (entry.kind === "broken") note(folder, entry)
    if (await onFromStart(batch, folder, decide, id) === "late") return
  }
}

function folderOf(
  { folder }: Batch,
  name: string,
  files: ReadonlyArray<{ readonly name: string; readonly content: string }>
): string {
  const own = path.join(folder, name)
  for (const { name, content } of files) {
    fs.mkdirSync(path.dirname(codeFile(own, name)), { recursive: true })
    fs.writeFileSync(codeFile(own, name), content)
  }
  return own
}

type Decide = (id: string, status: Result["status"], by?: string) => void

async function inProcesses(batch: Batch, folder: string, decide: Decide, isOver: () => boolean): Promise<"whole" | "late"> {
  for (;;) {
    let seen = 0
    const status = await watched(batch, folder, (entries, quietMs) => {
      for (const entry of entries.slice(seen)) if (entry.kind === "killed") decide(entry.id, entry.how, entry.by)
      seen = entries.length
      if (isOver()) return "end"
      const last = entries.at(-1)
      if (last?.kind !== "run" || quietMs < last.limitMs + GRACE_MS) return "go on"
      note(folder, hangOf(last))
      if (last.id !== null) decide(last.id, "timeout", last.test)
      return "end"
    })
    if (status === "late") return "late"
    if (isOver() || status === "ended") return "whole"
    const last = readJournal(folder).at(-1)
    // A crash, for want of memory for instance.
    if (last?.kind === "run") note(folder, hangOf(last))
    else if (last?.kind !== "killed" && last?.kind !== "doubt" && last?.kind !== "broken") {
      throw new Error(`the tests ended without a word; see ${path.join(folder, "output.log")}`)
    }
  }
}

const hangOf = ({ test, id }: Extract<Entry, { kind: "run" }>): Entry =>
  id === null ? { kind: "broken", test, why: "hangs or crashes" } : { kind: "killed", id, by: test, how: "timeout" }

async function onFromStart(batch: Batch, folder: string, decide: Decide, id: string): Promise<"decided" | "late"> {
  let isHung = false
  const status = await watched(batch, folder, (entries, quietMs) => {
    const last = entries.at(-1)
    if (last?.kind === "killed") return "end"
    isHung = last?.kind === "run" && quietMs > last.limitMs
    return isHung ? "end" : "go on"
  })
  const entries = readJournal(folder)
  const killed = entries.find((entry) => entry.kind === "killed")
  const file = entries.findLast((entry) => entry.kind === "file")?.file ?? "loading"
  if (status === "late") return "late"
  if (killed !== undefined) decide(id, "killed", killed.by)
  else if (isHung) decide(id, "timeout", file)
  else if (status === "failed") decide(id, "killed", `${file} does not load`)
  else decide(id, "survived")
  return "decided"
}

/** Runs vitest on a session until it ends by itself ("ended": all files ran), `judge` ends it, or the time is over. */
async function watched(
  { root, endsAtMs }: Batch,
  folder: string,
  judge: (entries: ReadonlyArray<Entry>, quietMs: number) => "go on" | "end"
): Promise<"ended" | "failed" | "late"> {
  const output = fs.openSync(path.join(folder, "output.log"), "a")
  const args = ["node_modules/vitest/vitest.mjs", "run", "--config", "tools/mutants/vitest.config.ts"]
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", output, output],
    env: { ...process.env, [SESSION_VARIABLE]: folder }
  })
  fs.closeSync(output)
  const leave = () => child.kill("SIGKILL")
  process.once("exit", leave)
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve))
  for (;;) {
    const code = await Promise.race([ended, new Promise<"poll">((resolve) => setTimeout(() => resolve("poll"), POLL_MS))])
    const verdict = judge(readJournal(folder), quietMs(folder))
    if (code !== "poll") process.off("exit", leave)
    if (code !== "poll") return code === 0 ? "ended" : "failed"
    if (verdict === "end") return await end(child, ended).then(() => "failed")
    if (Date.now() > endsAtMs) return await end(child, ended).then(() => "late")
  }
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill("SIGKILL")
  await ended
}

const quietMs = (folder: string) =>
  fs.existsSync(journalFile(folder)) ? Date.now() - fs.statSync(journalFile(folder)).mtimeMs : 0
