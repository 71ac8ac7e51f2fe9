import { RestError, type TableClient } from '@azure/data-tables';

type Policy = Parameters<TableClient['pipeline']['addPolicy']>[0];

/**
 * Takes an answer with status 200 only if it is JSON. The SDK reads anything else, such as the page of a gateway, as an
 * answer without members: a list would come back empty, and nobody would know that nothing was read.
 */
export const onlyJson: Policy = {
  name: 'onlyJson',
  sendRequest: async (request, next) => {
    const response = await next(request);
    const isJson = /^application\/json\b/i.test(response.headers.get('content-type') ?? '');
    if (response.status === 200 && !isJson) {
      throw new RestError('the answer is not JSON', { code: RestError.PARSE_ERROR });
    }
    return response;
  },
};
