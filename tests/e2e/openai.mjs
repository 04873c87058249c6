// Runs the scenarios named by its arguments with npm openai as the client of the server that OPENAI_BASE_URL
// names, and prints what it saw as one JSON object a line. It judges nothing: serve_test.go does. An error that
// a scenario does not expect ends the program with the stack on standard error and exit code 1.
import OpenAI from 'openai';

// Without a base URL the package would talk to its maker, and a prompt is never to leave this machine.
if (!/^http:\/\/127\.0\.0\.1:\d+\//.test(process.env.OPENAI_BASE_URL)) {
  throw new Error('OPENAI_BASE_URL must be a server on 127.0.0.1');
}

const model = 'gpt-5.4';
const statuses = []; // of all answers, in their order
const client = new OpenAI({
  maxRetries: 0,
  fetch: async (...args) => {
    const response = await fetch(...args);
    statuses.push(response.status);
    return response;
  },
});
const { completions } = client.chat;

const print = (value) => console.log(JSON.stringify(value));
const ask = (text, more) => ({ model, messages: [{ role: 'user', content: text }], ...more });

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'returns the weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string', minLength: 5 } }, required: ['city'] },
  },
};

/** Stores one completion and returns it. */
const store = (text, metadata) => completions.create(ask(text, { store: true, metadata }));

/** Returns what an error that must come says of itself. */
async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    const { status, type, code, param, message, requestID } = error;
    return { class: error.constructor.name, status, type, code, param, message, requestID };
  }
  throw new Error('the call succeeded, although it must not');
}

/** Reads a stream chunk by chunk, without the help of the package. */
async function read(stream) {
  const seen = { chunks: 0, ids: [], objects: [], text: '', finishReasons: [], usages: [], toolCalls: [] };
  for await (const chunk of stream) {
    seen.chunks++;
    if (!seen.ids.includes(chunk.id)) seen.ids.push(chunk.id);
    if (!seen.objects.includes(chunk.object)) seen.objects.push(chunk.object);
    if (chunk.usage) seen.usages.push({ choices: chunk.choices.length, ...chunk.usage });
    for (const choice of chunk.choices) {
      seen.text += choice.delta.content ?? '';
      if (choice.finish_reason) seen.finishReasons.push(choice.finish_reason);
      for (const call of choice.delta.tool_calls ?? []) seen.toolCalls.push(call);
    }
  }
  return seen;
}

const scenarios = {
  async create() {
    const { data, response, request_id } = await completions.create(ask('Say hello')).withResponse();
    print({ completion: data, contentType: response.headers.get('content-type'), requestID: request_id });
  },

  async stream() {
    const body = ask('Say hello', { stream: true, stream_options: { include_usage: true } });
    print(await read(await completions.create(body)));
    print(await read(await completions.create({ ...body, stream_options: undefined })));
    print(await completions.stream(body).finalChatCompletion()); // the package's own accumulator, which is strict
  },

  async tools() {
    const body = ask('What is the weather in Paris?', { tools: [weather], tool_choice: 'required' });
    print(await completions.create(body));
    print(await read(await completions.create({ ...body, stream: true })));
    print(await completions.stream(body).finalChatCompletion());

    // The package's own loop: it calls the function and sends back what that returns, until there is a text.
    const tool = { ...weather, function: { ...weather.function, parse: JSON.parse, function: () => 'rain and wind' } };
    print({ answer: await completions.runTools({ ...body, tools: [tool], stream: true }).finalContent() });
  },

  async list() {
    const metadata = { suite: 'list' };
    const stored = [];
    for (let i = 0; i < 5; i++) stored.push((await store(`number ${i}`, metadata)).id);
    await store('another', { suite: 'other' });
    const pages = [];
    for await (const page of (await completions.list({ limit: 2, metadata })).iterPages()) {
      pages.push({ ids: page.data.map((item) => item.id), more: page.has_more });
    }
    const descending = [];
    for await (const item of completions.list({ limit: 3, metadata, order: 'desc' })) descending.push(item.id);
    const after = [];
    for await (const item of completions.list({ limit: 1, metadata, after: stored[2] })) after.push(item.id);
    const none = [];
    for await (const item of completions.list({ metadata: { suite: 'empty' } })) none.push(item.id);
    print({ stored, pages, descending, after, none });
  },

  async get() {
    print(await store('keep this', { topic: 'keeping' }));
    print(await completions.retrieve((await store('keep this too', { topic: 'keeping' })).id));
  },

  async update() {
    const { id } = await store('change me', { state: 'old', gone: 'yes' });
    print(await completions.update(id, { metadata: { state: 'new' } }));
    print(await completions.retrieve(id));
  },

  async delete() {
    const { id } = await store('delete me', {});
    print({ id, ...(await completions.delete(id)) });
    print(await failure(completions.retrieve(id)));
    print(await failure(completions.delete(id)));
  },

  async messages() {
    const messages = [
      { role: 'system', content: 'You are terse.' },
      { role: 'user', content: 'First.' },
      { role: 'assistant', content: 'Second.' },
      { role: 'user', content: [{ type: 'text', text: 'Third.' }] },
    ];
    const { id } = await completions.create({ model, messages, store: true });
    const items = [];
    for await (const item of completions.messages.list(id, { limit: 1 })) items.push(item);
    print({ items });
  },

  async unauthorized() {
    print(await failure(client.withOptions({ apiKey: 'sk-wrong' }).chat.completions.create(ask('Say hello'))));
    print(await completions.create(ask('Say hello')));
  },

  async notFound() {
    print(await failure(completions.retrieve('chatcmpl-none')));
    print(await failure(completions.messages.list('chatcmpl-none')));
  },

  async badRequest() {
    print(await failure(completions.create({ model })));
    print(await failure(completions.create(ask('Say hello', { temperature: 'hot' }))));
  },

  async retry() {
    const patient = client.withOptions({ maxRetries: 2 });
    print(await patient.chat.completions.create(ask('Say hello')));
    print({ statuses });
  },

  async abort() {
    const stream = await completions.create(ask('Say hello', { stream: true }));
    for await (const chunk of stream) {
      print(chunk);
      break; // aborts the request
    }
    print(await completions.create(ask('Say hello')));
  },
};

for (const name of process.argv.slice(2)) await scenarios[name]();
