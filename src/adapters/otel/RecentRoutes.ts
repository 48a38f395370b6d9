/**
 * The last routes. An event names the version of the routes that served a client, and that version may have been replaced when
 * the event is seen.
 */
import type { Routes } from "../../core/model/Routes.ts"

/** An event stays in the mailbox for a turn or two. */
const MOST_VERSIONS = 32

export class RecentRoutes {
  readonly #recent: Array<Routes> = []

  see(routes: Routes): void {
    if (this.#recent.at(-1) === routes) return
    this.#recent.push(routes)
    if (this.#recent.length > MOST_VERSIONS) this.#recent.shift()
  }

  of(version: number): Routes | undefined {
    return this.#recent.findLast((routes) => routes.version === version)
  }
}
