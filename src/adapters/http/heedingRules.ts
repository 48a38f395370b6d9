/**
 * Notes under which rules for TLS each connection was opened. A reload may change them: then a connection from before takes no
 * request, because nothing was checked of it by the rules that are in force now (IdleConnections.ts).
 */
import type { Connector } from "./Connector.ts"
import type { OpenTls } from "./openTls.ts"

export const heedingRules = ({ kept }: Connector, open: OpenTls): OpenTls => async (host, port, options, signal) => {
  const now = () => kept?.rules?.(host, port) ?? ""
  for (;;) {
    const rules = now()
    const connection = await open(host, port, options, signal)
    connection.rules = rules
    if (now() === rules) return connection
    // They changed during the handshake.
    connection.drop()
  }
}
