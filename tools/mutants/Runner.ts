/**
 * Runs each test first without a mutant, then once for each mutant that it reaches and that no test has killed yet. So no mutant needs a
 * process of its own, and a test is loaded once.
 *
 * A kill counts when the same test passes again without the mutant, and, if it waits for real time, fails again with it. If it does not pass,
 * an earlier mutant left something behind: then a fresh process goes on.
 */
import process from "node:process"
import type { RunnerTask, RunnerTestCase, RunnerTestFile, TestTryOptions } from "vitest"
import { TestRunner } from "vitest"
import type { Entry } from "./session.ts"
import { note, readJournal, readSession, sessionFolder } from "./session.ts"
import { installSwitches } from "./switches.ts"

/** Times that a mutant may take longer than none, and be reached more often, before it counts as a loop. Other programs may need the machine. */
const SLOWER = 20
const OFTENER = 100
const LEAST_LIMIT_MS = 30_000
const LEAST_HITS = 100_000
/** For the first run of a test, of which nothing is known. */
const FIRST_LIMIT_MS = 300_000
const HIT_LIMIT = /Hit count limit reached/
/** Where tests meet real sockets and clocks, so that the same run can end another way. */
const REAL_TIME = /^test\/(plane|shell|ingress|adapters|apps)\//

type Phase =
  | { readonly run: "first" }
  | { readonly run: "mutant" | "check" | "again"; readonly id: string }
  | { readonly run: "none" }

const folder = sessionFolder()
const session = readSession(folder)
const switches = installSwitches()

class Hung extends Error {}

export default class Runner extends TestRunner {
  readonly #alive = new Set(session.ids)
  readonly #reached = { tests: new Set<string>(), static: new Set<string>() }
  /** What an earlier process of this session knows: tests that are finished, and mutants that passed one. */
  readonly #done = new Set<string>()
  readonly #passed = new Set<string>()
  readonly #doubted = new Set<string>()
  #phase: Phase = { run: "none" }
  #waiting: Array<string> = []
  #file = ""
  #hits: Readonly<Record<string, number>> = {}
  #tookMs = 0
  #usedMs = 0
  /** CPU time that tests needed for a mutant, by their runs without one. */
  readonly #spentMs = new Map<string, number>()
  #isLeft = false

  constructor(config: ConstructorParameters<typeof TestRunner>[0]) {
    super(config)
    switches.activeMutant = session.onFromStart
    for (const entry of readJournal(folder)) {
      if (entry.kind === "killed") this.#alive.delete(entry.id)
      if (entry.kind === "done" || entry.kind === "broken") this.#done.add(entry.test)
      if (entry.kind === "doubt") this.#doubted.add(`${entry.test}\0${entry.id}`)
      if (entry.kind === "passed") this.#passed.add(`${entry.test}\0${entry.id}`)
    }
  }

  override onCollectStart(file: RunnerTestFile): void {
    super.onCollectStart(file)
    this.#file = file.name
    note(folder, { kind: "file", file: file.name })
    if (session.onFromStart === undefined) switches.currentTestId = undefined
  }

  onCollected(): void {
    if (session.onFromStart !== undefined) return
    this.#noteReached(Object.keys(switches.mutantCoverage.static), true)
    switches.currentTestId = "between tests"
  }

  override async onBeforeRunTask(test: RunnerTask): Promise<void> {
    this.#file = test.file.name
    const isFinished = this.#done.has(nameOf(test)) || (session.onFromStart === undefined && !this.#isWanted())
    if (test.type === "test" && test.mode !== "skip" && test.mode !== "todo") {
      if (isFinished) test.mode = "skip"
      // The first run, and for each mutant at most: the mutant, the check, the mutant again.
      else if (session.onFromStart === undefined) test.repeats = 3 * this.#alive.size
    }
    await super.onBeforeRunTask(test)
    this.#phase = { run: "first" }
  }

  /** Whether a mutant is left that the tests of this file may meet. */
  #isWanted(): boolean {
    return this.#alive.values().some((id) => this.#mayMeet(id))
  }

  #mayMeet(id: string, needsMs = 0): boolean {
    const isHere = session.near === undefined || session.near[id]?.includes(this.#file) === true
    return isHere && (this.#spentMs.get(id) ?? 0) + needsMs <= session.budgetMs
  }

  override onBeforeTryTask(test: RunnerTask, options: TestTryOptions): void {
    super.onBeforeTryTask(test, options)
    if (session.onFromStart !== undefined) {
      return note(folder, { kind: "run", test: nameOf(test), id: session.onFromStart, limitMs: FIRST_LIMIT_MS })
    }
    const phase = this.#phase
    if (phase.run === "none") return
    const id = phase.run === "mutant" || phase.run === "again" ? phase.id : null
    note(folder, { kind: "run", test: nameOf(test), id, limitMs: this.#limitMs() })
    switches.hitCount = 0
    switches.hitLimit = Math.max(LEAST_HITS, OFTENER * (id === null ? 0 : this.#hits[id] ?? 0))
    switches.mutantCoverage.perTest["run"] = {}
    switches.currentTestId = "run"
    switches.activeMutant = id ?? undefined
    this.#beganAtMs = performance.now()
    this.#beganAtCpuMs = cpuMs()
  }

  #beganAtMs = 0
  #beganAtCpuMs = 0

  async runTask(test: RunnerTestCase): Promise<void> {
    if (this.#phase.run === "none") return
    const limitMs = session.onFromStart === undefined ? this.#limitMs() : FIRST_LIMIT_MS
    let timer: ReturnType<typeof setTimeout> | undefined
    const hung = new Promise<never>((_, reject) => timer = setTimeout(() => reject(new Hung()), limitMs))
    try {
      await Promise.race([TestRunner.getTestFn(test)(), hung])
    } finally {
      clearTimeout(timer)
    }
  }

  override async onAfterRetryTask(test: RunnerTestCase, options: TestTryOptions): Promise<void> {
    await super.onAfterRetryTask(test, options)
    const result = test.result!
    const error = result.state === "fail" ? result.errors?.[0]?.message ?? "failed" : undefined
    if (session.onFromStart !== undefined) {
      if (error !== undefined) this.#note({ kind: "killed", id: session.onFromStart, by: nameOf(test), how: "killed" })
      return
    }
    switches.activeMutant = undefined
    switches.currentTestId = "between tests"
    // Only what is told to the reporter; each run is judged here.
    result.state = "pass"
    delete result.errors
    if (this.#phase.run !== "none") this.#phase = this.#after(this.#phase, nameOf(test), error)
  }

  #after(phase: Phase, test: string, error: string | undefined): Phase {
    switch (phase.run) {
      case "first":
        this.#tookMs = performance.now() - this.#beganAtMs
        this.#usedMs = cpuMs() - this.#beganAtCpuMs
        this.#hits = switches.mutantCoverage.perTest["run"] ?? {}
        if (error !== undefined) return this.#broken(test, error)
        this.#noteReached(Object.keys(this.#hits), false)
        this.#waiting = Object.keys(this.#hits)
          .filter((id) => this.#alive.has(id) && !this.#passed.has(`${test}\0${id}`))
          .sort((a, b) => Number(this.#doubted.has(`${test}\0${a}`)) - Number(this.#doubted.has(`${test}\0${b}`)))
        return this.#next(test)
      case "mutant":
        if (error === undefined) return this.#survived(test, phase.id)
        if (error === HUNG || HIT_LIMIT.test(error)) return this.#killed(test, phase.id, "timeout", error === HUNG)
        return { run: "check", id: phase.id }
      case "check":
        if (error !== undefined) return this.#inDoubt(test, phase.id, error)
        return REAL_TIME.test(test) ? { run: "again", id: phase.id } : this.#killed(test, phase.id, "killed", false)
      case "again":
        if (error === undefined) return this.#survived(test, phase.id)
        return this.#killed(test, phase.id, error === HUNG ? "timeout" : "killed", error === HUNG)
      case "none":
        return phase
    }
  }

  #next(test: string): Phase {
    let id = this.#waiting.pop()
    while (id !== undefined && !this.#mayMeet(id, this.#usedMs)) id = this.#waiting.pop()
    if (id !== undefined) this.#spentMs.set(id, (this.#spentMs.get(id) ?? 0) + this.#usedMs)
    return id === undefined ? this.#finished(test) : { run: "mutant", id }
  }

  #finished(test: string): Phase {
    this.#note({ kind: "done", test, cpuMs: Math.round(this.#usedMs) })
    return { run: "none" }
  }

  #survived(test: string, id: string): Phase {
    this.#note({ kind: "passed", test, id })
    return this.#next(test)
  }

  /** In a fresh process as well: then the test itself leaves something behind. */
  #inDoubt(test: string, id: string, why: string): Phase {
    if (this.#doubted.has(`${test}\0${id}`)) return this.#broken(test, `does not pass twice: ${why}`)
    this.#note({ kind: "doubt", test, id })
    return this.#leave()
  }

  #broken(test: string, why: string): Phase {
    this.#note({ kind: "broken", test, why: why.slice(0, 500) })
    return { run: "none" }
  }

  #killed(test: string, id: string, how: "killed" | "timeout", isStillRunning: boolean): Phase {
    this.#alive.delete(id)
    this.#note({ kind: "killed", id, by: test, how })
    return isStillRunning ? this.#leave() : this.#next(test)
  }

  /** What runs on in this process would disturb later runs: the tool starts another one. */
  #leave(): Phase {
    this.#isLeft = true
    process.kill(process.pid, "SIGKILL")
    return { run: "none" }
  }

  #limitMs(): number {
    return this.#phase.run === "first" ? FIRST_LIMIT_MS : Math.max(LEAST_LIMIT_MS, SLOWER * this.#tookMs)
  }

  #noteReached(ids: ReadonlyArray<string>, isStatic: boolean): void {
    const known = this.#reached[isStatic ? "static" : "tests"]
    const fresh = ids.filter((id) => this.#alive.has(id) && !known.has(id))
    for (const id of fresh) known.add(id)
    if (fresh.length > 0) this.#note({ kind: "reached", ids: fresh, isStatic })
  }

  #note(entry: Entry): void {
    if (!this.#isLeft) note(folder, entry)
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const HUNG = "this run hangs"
Hung.prototype.message = HUNG

function nameOf(task: RunnerTask): string {
  const names = [task.name]
  for (let suite = task.suite; suite !== undefined; suite = suite.suite) if (suite.name !== "") names.unshift(suite.name)
  return `${task.file.name} > ${names.join(" > ")}`
}
