/** The last routes: an event names the version that a client was served from, which may have been replaced when it is seen. */
import type { Routes } from "../../core/model/Routes.ts"

/** An event lies in the mailbox for a turn or two. */
const KEPT = 32

export class RecentRoutes {
  readonly #recent: Array<Routes> = []

  see(routes: Routes): void {
    if (this.#recent.at(-1) === routes) return
    this.#recent.push(routes)
    if (this.#recent.length > KEPT) this.#recent.shift()
  }

  of(version: number): Routes | undefined {
    return this.#recent.findLast((routes) => routes.version === version)
  }
}
