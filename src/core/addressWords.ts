/** Addresses as unsigned 32-bit words, one for IPv4 and four for IPv6. To compare them is exact on every runtime. */

/** The words of an IP literal; undefined: the text is none. */
export function wordsOf(host: string): ReadonlyArray<number> | undefined {
  if (!host.includes(":")) return wordsOfIpv4(host)
  const words = wordsOfIpv6(host)
  if (words === undefined) return undefined
  const [a, b, c, d] = words as [number, number, number, number]
  return a === 0 && b === 0 && c === 0xffff ? [d] : words
}

function wordsOfIpv4(text: string): ReadonlyArray<number> | undefined {
  const parts = text.split(".")
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return [parts.reduce((sum, part) => sum * 256 + Number(part), 0)]
}

function wordsOfIpv6(text: string): ReadonlyArray<number> | undefined {
  // The last 32 bits may be written as IPv4.
  const tail = text.includes(".") ? wordsOfIpv4(text.slice(text.lastIndexOf(":") + 1))?.[0] : -1
  if (tail === undefined) return undefined
  const hex = tail < 0
    ? text
    : `${text.slice(0, text.lastIndexOf(":") + 1)}${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`
  const halves = hex.split("::").map((half) => half === "" ? [] : half.split(":"))
  const [head = [], rest = []] = halves
  const missing = 8 - head.length - rest.length
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...rest]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  const numbers = groups.map((group) => Number.parseInt(group, 16))
  return [0, 2, 4, 6].map((i) => (numbers[i] as number) * 65_536 + (numbers[i + 1] as number))
}
