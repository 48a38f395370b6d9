/** The place that an origin such as `https://web.example` leads to. */

export interface Address {
  readonly host: string
  readonly port: number
}

export function placeOf(origin: string): Address {
  const { protocol, hostname, port } = new URL(origin)
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname
  return { host, port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port) }
}
