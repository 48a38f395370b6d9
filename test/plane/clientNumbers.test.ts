/** Numbers of client addresses: the core tells clients apart by them. */
import { describe, expect, it } from "vitest"
import { ClientNumbers } from "../../src/plane/ClientNumbers.ts"

describe("numbers of clients", () => {
  it("are the same for the same address, from 1 on", () => {
    const numbers = new ClientNumbers()
    expect(["a", "b", "a"].map((address) => numbers.of(address))).toEqual([1, 2, 1])
  })

  it("are kept for 4,096 addresses: beyond that the oldest gets a new one when it comes back", () => {
    const numbers = new ClientNumbers()
    for (let i = 1; i <= 4_096; i++) expect(numbers.of(`${i}`)).toBe(i)
    expect(numbers.of("1")).toBe(1)
    expect(numbers.of("another")).toBe(4_097)
    expect(numbers.of("2")).toBe(2)
    expect(numbers.of("1")).toBe(4_098)
  })
})
