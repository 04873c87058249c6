// Package calls is about what a client does around an answer: whether it asks again, and when, where it lets
// itself be sent, and what its errors tell. Its scenarios are servers on loopback that keep what reaches them,
// each with what is right. The tests hold chatspec against all of it, with its own defaults;
// tests/peers/compare puts other clients before the same servers.
package calls
