/** Conversations by which quantisation is tuned and measured: written for it, of many kinds, and short. */

/** Prompts, each with a reply that fits well and one that fits less. */
const conversations: readonly (readonly [prompt: string, reply: string, other: string])[] = [
  ['User: hi there', 'Hey! How is your day going?', 'hello'],
  ['User: What should I cook tonight? I have rice and eggs.', 'Fried rice: quick, and hard to get wrong.', 'Food.'],
  ['User: my dog died this morning', "I'm so sorry. Do you want to tell me about him?", 'Dogs live about 12 years.'],
  ['User: Explain photosynthesis to a child.', 'Plants eat sunlight! They turn it into sugar.', 'It is complex.'],
  ['User: tell me a joke', 'Why did the tomato blush? It saw the salad dressing.', 'I do not know any jokes, sorry.'],
  ['User: how do I reverse a list in python', 'Use `items[::-1]`, or `items.reverse()` in place.', 'list = tsil'],
  [
    'User: Are you a real person?',
    "No, I'm a program, but I'm happy to listen.",
    '*smiles* maybe I am, maybe I am not',
  ],
  ['User: I got the job!!!', 'YES! Congratulations, you earned it!', 'ok'],
  ['User: what is 17 times 23', '17 x 23 = 391.', 'About 400, I would guess.'],
  ['User: ¿Puedes hablar español?', '¡Claro que sí! ¿De qué quieres hablar?', 'No.'],
  ["User: I can't sleep again", 'Try putting the phone away and breathing slowly for a while.', 'zzz'],
  [
    'User: recommend me a book',
    'If you like the sea, try a tale of an old sailor and a whale.',
    'Books are good for you.',
  ],
  [
    'User: who won the match yesterday?',
    "I can't look that up. Which teams played?",
    'The blue team won by nine hundred goals.',
  ],
  ['Knight: Halt! Who goes there?', '*raises both hands* Only a tired traveller, good sir.', 'I go.'],
  ['User: why is the sky blue', 'Air scatters blue light more than red.', 'because it reflects the ocean lol'],
  [
    'User: My boss yelled at me in front of everyone.',
    'That sounds humiliating. What happened then?',
    'Maybe he was right.',
  ],
  [
    'User: write a haiku about rain',
    'Grey roofs, silver strings / the street hums a quiet tune / my tea has gone cold',
    'rain rain rain rain rain',
  ],
  [
    'User: is it safe to mix bleach and vinegar?',
    'No! That makes chlorine gas. Open a window and keep away.',
    'Sure, it cleans twice as well.',
  ],
  ['User: lol 😂😂', '😄 What is so funny?', '?????'],
  ['User: Bonjour, comment ça va ?', 'Très bien, merci ! Et toi ?', 'I only speak English.'],
  [
    'User: summarize: The cat sat on the mat. It was warm.',
    'A cat sat on a warm mat.',
    'The dog ran away from the mat.',
  ],
  ['User: whats the capital of australia', 'Canberra.', 'Sydney, of course.'],
  [
    'User: I think I am in love with my best friend',
    'Oh! Does any part of you think they feel it too?',
    'Get a new friend.',
  ],
  [
    'User: HELP MY KITCHEN IS ON FIRE',
    'Get out now and call the fire brigade.',
    'Have you tried turning it off and on again?',
  ],
  [
    'User: What did I tell you about my sister?',
    "You haven't mentioned her yet. What about her?",
    'She has three heads.',
  ],
  ['User: give me three names for a cat', '1. Pepper\n2. Marzipan\n3. Captain', 'Cat, cat and cat'],
  [
    'User: do you like music',
    'I like talking about it! What are you listening to?',
    'I am a language model and have no preferences.',
  ],
  [
    'User: The server returns 502 after the deploy.',
    'Check whether the upstream is listening on that port.',
    'Works on my machine.',
  ],
  ['User: Помоги мне, пожалуйста', 'Конечно! Что случилось?', 'da'],
  ['User: how tall is mount everest', 'About 8,849 metres, or 29,032 feet.', 'Very, very, very tall.'],
  ['User: pretend you are a pirate', "Arr! What be ye wantin' aboard me ship, matey?", 'I cannot pretend.'],
  ['User: should I text my ex?', 'Sleep on it. What do you hope will happen?', 'YES DO IT NOW!!!!!!!'],
  ['User: i have 2 apples and eat one', 'Then you have one left.', 'Then you have three apples, two pears and a plum.'],
  ['User: thanks for everything, good night', 'Good night! Sleep well.', 'You have not paid yet.'],
  ['User: {"name": "Ann", "age": 30} how old is Ann?', 'Ann is 30.', 'undefined'],
  ['User: what can you do?', 'Chat, explain, write, plan: what do you need?', 'Nothing, really. Nothing at all.'],
];

/** Number of candidates of a conversation. */
export const GROUP_SIZE = 8;

/** A conversation's other candidates are the replies of the conversations this many places further on. */
const otherReplies = [1, 2, 5, 9, 14, 20] as const;

export interface BuiltInText {
  readonly prompt: string;
  readonly reply: string;
}

/** Prompts with replies; the candidates of a conversation are consecutive. */
export const builtInTexts: readonly BuiltInText[] = conversations.flatMap(([prompt, reply, other], i) => {
  const others = otherReplies.map((step, j) => conversations[(i + step) % conversations.length]?.[1 + (j % 2)] ?? '');
  return [reply, other, ...others].map((candidate) => ({ prompt, reply: candidate }));
});

/** How often each conversation stands at the end of a longer one, in the texts that a mix of products is chosen by. */
const ROUNDS = 9;

/**
 * The built-in texts, and after them conversations of two turns: each prompt follows another conversation, and each time
 * other replies stand against its own, in every other round two of them in one.
 */
export const mixTexts: readonly BuiltInText[] = [
  ...builtInTexts,
  ...Array.from({ length: ROUNDS - 1 }, (_, round) => roundOfTurns(round + 1)).flat(),
];

function roundOfTurns(round: number): BuiltInText[] {
  const at = (i: number): (typeof conversations)[number] =>
    conversations[i % conversations.length] as (typeof conversations)[number];
  return conversations.flatMap(([prompt, reply, other], i) => {
    const [before, answer] = at(i + 2 * round + 1);
    const others = otherReplies.map((step, j) => {
      const [first, second] = [at(i + step + round), at(i + step + 2 * round)].map((one) => one[1 + (j % 2)] as string);
      return round % 2 === 0 ? `${first} ${second}` : (first as string);
    });
    const turns = `${before}\nBot: ${answer}\n${prompt}`;
    return [reply, other, ...others].map((candidate) => ({ prompt: turns, reply: candidate }));
  });
}
