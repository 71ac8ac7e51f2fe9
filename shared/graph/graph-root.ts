import { isLoopback } from '../loopback';

/**
 * The national clouds: where Graph is, and for which scope.
 * Source: https://learn.microsoft.com/graph/deployments
 */
export const clouds = {
  global: {
    root: 'https://graph.microsoft.com',
    scope: 'https://graph.microsoft.com/.default',
  },
  usgov: {
    root: 'https://graph.microsoft.us',
    scope: 'https://graph.microsoft.us/.default',
  },
  usgovdod: {
    root: 'https://dod-graph.microsoft.us',
    scope: 'https://dod-graph.microsoft.us/.default',
  },
  china: {
    root: 'https://microsoftgraph.chinacloudapi.cn',
    scope: 'https://microsoftgraph.chinacloudapi.cn/.default',
  },
} as const;

/**
 * Checks the base address of Graph and says whether calls to it carry a token. A token travels only over https; over
 * http only this machine is reached, and without one. Throws with what to do on anything else.
 */
export function checkRoot(root: string, hasCredential: boolean): { root: string; secure: boolean } {
  const url = URL.canParse(root) ? new URL(root) : undefined;
  if (!url || url.search || url.hash || url.username || url.password) {
    throw new Error('The Graph root must be a plain URL such as https://graph.microsoft.com');
  }
  const plain = `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  if (url.protocol === 'https:') {
    if (!hasCredential) throw new Error(`Graph at ${plain} needs a credential: give one`);
    return { root: plain, secure: true };
  }
  if (url.protocol === 'http:' && isLoopback(root)) {
    return { root: plain, secure: false };
  }
  throw new Error(`Graph at ${plain} must be reached over https; http is for loopback hosts only`);
}
