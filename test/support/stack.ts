/** What is used of a server, and stops with the stack that uses it. */
export async function starting<S extends { readonly stop: () => Promise<void> }>(
  stack: AsyncDisposableStack,
  server: Promise<S>
): Promise<S> {
  const started = await server
  stack.defer(started.stop)
  return started
}
