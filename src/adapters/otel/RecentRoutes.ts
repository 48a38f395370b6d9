/** The last routes: an event names the version that a client was served from, which may have been replaced when it is seen. */
import type { Routes } from "../../core/model/Routes.ts"

/** An event lies in the mailbox for a turn or two. */
const KEPT = 32

export class RecentRoutes {
  readonly #kept: Array<Routes> = []

  see(routes: Routes): void {
    if (this.#kept.at(-1) === routes) return
    this.#kept.push(routes)
    if (this.#kept.length > KEPT) this.#kept.shift()
  }

  of(version: number): Routes | undefined {
    return this.#kept.findLast((routes) => routes.version === version)
  }
}
