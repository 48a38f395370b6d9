/**
 * What the tool and the test process under it tell each other: the tool writes a folder with instrumented sources and `session.json`, the
 * test process appends a line to `journal.ndjson` for each thing that it is about to do or has seen.
 */
import * as fs from "node:fs"
import * as path from "node:path"

export interface Session {
  /** The ids of the mutants to try. */
  readonly ids: ReadonlyArray<string>
  /** Only tests with such names run; "": all. */
  readonly names: string
  /** Test files for each mutant; undefined: all. */
  readonly near?: Readonly<Record<string, ReadonlyArray<string>>>
  /** CPU time that tests may need for one mutant. Past it the mutant meets no further tests, and counts as a survivor. */
  readonly budgetMs: number
  /** Test files, in the order in which they run. */
  readonly testFiles: ReadonlyArray<string>
  /** A mutant that is on from the start, for code that runs when modules load; then the first test that fails ends the run. */
  readonly onFromStart?: string
}

export type Entry =
  /** A run of a test begins; after `limitMs` without another entry it hangs. `id` is null for a run without a mutant. */
  | { readonly kind: "run"; readonly test: string; readonly id: string | null; readonly limitMs: number }
  | { readonly kind: "killed"; readonly id: string; readonly by: string; readonly how: "killed" | "timeout" }
  /** The run's own outcome is in doubt, because an earlier mutant left something behind; a fresh process tries again. */
  | { readonly kind: "doubt"; readonly test: string; readonly id: string }
  /** A mutant passed a test. */
  | { readonly kind: "passed"; readonly test: string; readonly id: string }
  /** A test failed without a mutant, so it says nothing. */
  | { readonly kind: "broken"; readonly test: string; readonly why: string }
  /** Mutants that were reached for the first time, by a test or while modules load. */
  | { readonly kind: "reached"; readonly ids: ReadonlyArray<string>; readonly isStatic: boolean }
  | { readonly kind: "done"; readonly test: string; readonly cpuMs: number }
  | { readonly kind: "file"; readonly file: string }

export const SESSION_VARIABLE = "FAIRLEAD_MUTANTS_SESSION"

/** The vitest process reads its session's folder from the environment. */
export function sessionFolder(): string {
  const folder = process.env[SESSION_VARIABLE]
  if (folder === undefined) throw new Error(`this configuration is for npm run mutants, which sets ${SESSION_VARIABLE}`)
  return folder
}

export const readSession = (folder: string) =>
  JSON.parse(fs.readFileSync(path.join(folder, "session.json"), "utf8")) as Session

export function writeSession(folder: string, session: Session): void {
  fs.writeFileSync(path.join(folder, "session.json"), JSON.stringify(session))
}

export const journalFile = (folder: string) => path.join(folder, "journal.ndjson")

/** All whole lines of the journal. */
export function readJournal(folder: string): ReadonlyArray<Entry> {
  const file = journalFile(folder)
  if (!fs.existsSync(file)) return []
  const text = fs.readFileSync(file, "utf8")
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line !== "").map((line) =>
    JSON.parse(line) as Entry
  )
}

export const note = (folder: string, entry: Entry) => fs.appendFileSync(journalFile(folder), `${JSON.stringify(entry)}\n`)

export const codeFile = (folder: string, name: string) => path.join(folder, "code", name)
