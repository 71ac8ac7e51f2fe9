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
