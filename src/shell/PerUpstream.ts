/** What is kept for each upstream, by its slot. A slot that another upstream took over begins anew. */
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { State } from "../core/model/State.ts"
import * as Upstreams from "../core/upstreams.ts"

export class PerUpstream<A> {
  readonly #kept = new Map<UpstreamId, { readonly name: string; readonly value: A }>()
  readonly #fresh: () => A

  /** `fresh`: what is kept of an upstream at first. */
  constructor(fresh: () => A) {
    this.#fresh = fresh
  }

  /** Undefined: nothing is kept of this upstream. */
  find(state: State, upstream: UpstreamId): A | undefined {
    const found = this.#kept.get(upstream)
    return found?.name === nameOf(state, upstream) ? found.value : undefined
  }

  /** What is kept of it from now on. */
  of(state: State, upstream: UpstreamId): A {
    const found = this.find(state, upstream)
    if (found !== undefined) return found
    const value = this.#fresh()
    this.#kept.set(upstream, { name: nameOf(state, upstream), value })
    return value
  }
}

function nameOf(state: State, upstream: UpstreamId): string {
  return Upstreams.find(state, upstream)?.name ?? ""
}
