namespace Lumos.Vm.Lifecycle;

/// <summary>
/// Does something for each of many, several at a time, on threads of its own: what it is for waits more than it computes, and the
/// runtime's pool gives a waiting job another thread only after half a second of thought.
/// </summary>
internal static class Crew
{
    private const int StackBytes = 512 << 10;

    /// <summary>Returns when all is done. The action must not throw.</summary>
    internal static void ForEach<T>(IReadOnlyList<T> items, int most, Action<T> action)
    {
        int next = -1;
        var threads = new Thread[Math.Min(most, items.Count)];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work, StackBytes) { IsBackground = true };
            threads[i].Start();
        }
        foreach (var thread in threads)
        {
            thread.Join();
        }

        void Work()
        {
            for (int at; (at = Interlocked.Increment(ref next)) < items.Count;)
            {
                action(items[at]);
            }
        }
    }
}
