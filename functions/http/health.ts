import { app } from '@azure/functions';

/** Says that the app is loaded and answers; nothing else is served without a caller's identity. */
export function registerHealth(): void {
  app.http('live', {
    route: 'health/live',
    methods: ['GET'],
    authLevel: 'anonymous',
    handler: () => ({ status: 200, body: 'ok' }),
  });
}
