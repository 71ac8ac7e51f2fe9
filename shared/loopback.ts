const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether an address is of this machine, as that of the simulator is. Without an address, Graph is that of a cloud. */
export const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && URL.canParse(address) && loopback.test(new URL(address).hostname);
