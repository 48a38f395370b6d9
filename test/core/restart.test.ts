/** What a core forgets that begins on the state of the one before it. */
import { describe, expect, it } from "vitest"
import { advance } from "../../src/core/advance.ts"
import { newUpstream } from "../../src/core/initial.ts"
import type { State } from "../../src/core/model/State.ts"
import { initial } from "../../src/core/state.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { addresses, configWith } from "../support/config.ts"

const started = (state: State) =>
  advance(state, { seq: state.seq + 1, at: state.at + 1, event: { _tag: "Started", worker: 0, wallMs: 0 } }).state

describe("a core that starts on the state of an earlier process", () => {
  it("gives its upstreams the fields of new ones, and no other", () => {
    const again = started(started(initial(configWith([{ candidates: addresses(2) }]), 1)))
    const [upstream] = Upstreams.all(again)
    expect(Object.keys(upstream ?? {})).toEqual(Object.keys(newUpstream(0, "web")))
  })
})
