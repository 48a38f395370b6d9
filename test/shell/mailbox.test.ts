/** The bounded queue of events for the core. */
import { assert, describe, it } from "@effect/vitest"
import type { Event } from "../../src/core/model/Event.ts"
import { Mailbox } from "../../src/shell/Mailbox.ts"

const ticked: Event = { _tag: "Ticked", worker: 0 }

describe("the mailbox", () => {
  it("grants no more permits than it has, all of a request or none", () => {
    const mailbox = new Mailbox(3, 0)
    assert.deepStrictEqual([mailbox.reserve(2), mailbox.reserve(2), mailbox.reserve(1), mailbox.reserve(1)], [
      true,
      false,
      true,
      false
    ])
    assert.strictEqual(mailbox.used, 3)
  })

  it("counts a permit as used until its event is taken or the permit is released", () => {
    const mailbox = new Mailbox(2, 0)
    mailbox.reserve(2)
    mailbox.post(0, ticked)
    assert.deepStrictEqual([mailbox.used, mailbox.reserve(1)], [2, false])
    mailbox.take()
    assert.deepStrictEqual([mailbox.used, mailbox.reserve(1)], [1, true])
    mailbox.release(2)
    assert.deepStrictEqual([mailbox.used, mailbox.reserve(2)], [0, true])
  })

  it("returns events in order, numbered without gaps, with their time of arrival", () => {
    const mailbox = new Mailbox(10, 40)
    mailbox.reserve(4)
    mailbox.post(5, ticked)
    mailbox.post(5, ticked)
    const first = mailbox.take()
    mailbox.post(9, ticked)
    const rest = [mailbox.take(), mailbox.take(), mailbox.take()]
    mailbox.post(11, ticked)
    assert.deepStrictEqual([first, ...rest, mailbox.take()].map((entry) => entry && [entry.seq, entry.at]), [
      [40, 5],
      [41, 5],
      [42, 9],
      undefined,
      [43, 11]
    ])
    assert.isTrue(mailbox.isEmpty)
  })

  it("accepts every event that has a permit, whatever the order of reserve, post and take", () => {
    const mailbox = new Mailbox(5, 0)
    let promised = 0
    let seen = 0
    for (let i = 0; i < 10_000; i++) {
      if ((i * 7) % 3 !== 0 && mailbox.reserve(1)) promised++
      else if (promised > 0 && (i * 5) % 4 !== 0) {
        promised--
        mailbox.post(i, ticked)
      } else if (mailbox.take() !== undefined) seen++
      assert.isAtMost(mailbox.used, 5)
    }
    assert.isAbove(seen, 1_000)
  })
})
