/** Does it when first asked and gives the same answer, or failure, to everybody. */
export function once<Value>(act: () => Promise<Value>): () => Promise<Value> {
  let running: Promise<Value> | undefined;
  return () => (running ??= act());
}
