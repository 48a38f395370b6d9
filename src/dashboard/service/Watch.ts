/**
 * The watch: looks at `/status` again and again, and at once when a fact comes. It looks less often at a service that takes
 * long to answer, and not at all while the page is hidden.
 */
import type { Status, Upstream } from "./answers.ts"
import { backOffMs } from "./backOff.ts"
import { Course } from "./Course.ts"
import { Facts } from "./Facts.ts"
import * as requests from "./requests.ts"
import { reusing } from "./unchanged.ts"
import type { Link, View } from "./View.ts"

/** Time in ms from one look to the next. */
const EVERY_MS = 1_000
/** A look may take this share of the time. */
const SHARE = 0.1
/** Time in ms that facts which come together have to arrive before a look. */
const GATHER_MS = 100
/** Time in ms after which a fact leads to a look in any case. */
const FACT_MS = 1_000
/** Least time in ms between two drawings. */
const DRAW_MS = 50
/** Drawing may take this share of the time. */
const DRAW_SHARE = 0.25
/** Candidates of an upstream that is not opened. */
const CANDIDATES = 8
/** Candidates of an opened one. */
export const MOST_CANDIDATES = 1_000

export class Watch {
  readonly #told: (view: View) => void
  readonly #facts = new Facts((isNews) => {
    if (isNews && this.#link.is === "live") this.#lookSoon()
    this.#tell()
  })
  #link: Link = { is: "starting" }
  #status: Status | null = null
  #opened: ReadonlyMap<string, Upstream> = new Map()
  #wanted: ReadonlySet<string> = new Set()
  readonly #courses = new Map<string, Course>()
  #usesToken = false
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #dueMs = Infinity
  #isLooking = false
  /** A fact came during a look. */
  #again = false
  #tookMs = 0
  #drewMs = 0
  #isTelling = false

  constructor(told: (view: View) => void) {
    this.#told = told
  }

  start(): void {
    void this.#look().then(() => this.#learn())
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.now()
    })
  }

  async #learn(): Promise<void> {
    if (this.#link.is === "signed out") return
    this.#facts.open()
    this.#usesToken = await requests.needsToken().catch(() => false)
    this.#tell()
  }

  /** Looks as soon as possible. */
  now(): void {
    this.#lookIn(0)
  }

  /** The upstreams with all their candidates from now on, by name. */
  openOnly(names: ReadonlySet<string>): void {
    this.#wanted = names
    this.now()
  }

  async signIn(token: string): Promise<void> {
    await requests.signIn(token)
    this.#usesToken = true
    this.#link = { is: "starting" }
    this.#facts.restart()
    this.now()
  }

  async signOut(): Promise<void> {
    await requests.signOut()
    this.#leave()
  }

  #leave(): void {
    this.#facts.close()
    this.#link = { is: "signed out" }
    this.#usesToken = true
    this.#status = null
    this.#opened = new Map()
    this.#tell()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    this.#again = false
    this.#dueMs = Infinity
    const beganMs = performance.now()
    try {
      await this.#read()
      this.#failures = 0
      this.#link = { is: "live", facts: this.#facts.isOpen }
      this.#isLooking = false
      this.#tookMs = performance.now() - beganMs
      this.#lookIn(Math.max(EVERY_MS, this.#tookMs / SHARE))
      if (this.#again) this.#lookSoon()
    } catch (cause) {
      this.#isLooking = false
      if (cause instanceof requests.SignedOut) return this.#leave()
      const waitMs = backOffMs(++this.#failures)
      const sinceMs = this.#link.is === "away" ? this.#link.sinceMs : Date.now()
      const why = cause instanceof requests.Refused ? cause.message : "The service does not answer."
      this.#link = { is: "away", sinceMs, nextMs: Date.now() + waitMs, why }
      this.#lookIn(waitMs)
    }
    this.#tell()
  }

  async #read(): Promise<void> {
    const upstreams = [...this.#wanted]
    const [status, opened] = await Promise.all([
      requests.status({ candidates: CANDIDATES, course: this.#status === null }),
      upstreams.length === 0 ? undefined : requests.status({
        candidates: MOST_CANDIDATES,
        upstreams,
        course: upstreams.some((name) => !this.#opened.has(name))
      })
    ])
    if (this.#status !== null && status.uptimeSeconds < this.#status.uptimeSeconds) this.#facts.restart()
    this.#status = status
    this.#opened = new Map(opened?.upstreams.map((one) => [one.name, reusing(this.#opened.get(one.name), one)]))
    const atMs = Date.now()
    for (const upstream of status.upstreams) {
      const course = this.#courses.get(upstream.name) ?? new Course()
      this.#courses.set(upstream.name, course)
      course.add(atMs, this.#opened.get(upstream.name) ?? upstream)
    }
    const present = new Set(status.upstreams.map(({ name }) => name))
    for (const name of this.#courses.keys()) if (!present.has(name)) this.#courses.delete(name)
  }

  #lookSoon(): void {
    if (this.#isLooking) this.#again = true
    else this.#lookIn(Math.max(GATHER_MS, Math.min(FACT_MS, this.#tookMs / SHARE)))
  }

  /** In `ms` at the latest, and never two looks at once. */
  #lookIn(ms: number): void {
    const dueMs = performance.now() + ms
    if (this.#isLooking || this.#link.is === "signed out" || dueMs >= this.#dueMs) return
    this.#dueMs = dueMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#dueMs = Infinity
      // A hidden page looks when it is shown again.
      if (!document.hidden) void this.#look()
    }, ms)
  }

  /** Once for all that changes together: in a storm of facts the page has other things to do than to draw each of them. */
  #tell(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    setTimeout(() => {
      this.#isTelling = false
      const beganMs = performance.now()
      // After the browser has drawn it, this is how long it took.
      setTimeout(() => (this.#drewMs = performance.now() - beganMs))
      this.#told({
        link: this.#link.is === "live" ? { is: "live", facts: this.#facts.isOpen } : this.#link,
        status: this.#status,
        opened: this.#opened,
        courses: this.#courses,
        facts: this.#facts.kept,
        usesToken: this.#usesToken
      })
    }, Math.max(DRAW_MS, this.#drewMs / DRAW_SHARE))
  }
}
