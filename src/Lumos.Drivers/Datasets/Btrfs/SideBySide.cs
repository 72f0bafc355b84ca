using System.Runtime.ExceptionServices;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>Calls that wait in the kernel, several at once, on threads of their own.</summary>
internal static class SideBySide
{
    /// <summary>Returns when all are done. When one fails no further one is begun, and its fault is thrown when the others have ended.</summary>
    public static void Run<T>(IReadOnlyList<T> items, int mostAtOnce, Action<T> call)
    {
        int next = -1;
        Exception? failure = null;
        void Work()
        {
            for (int at; Volatile.Read(ref failure) is null && (at = Interlocked.Increment(ref next)) < items.Count;)
            {
                try
                {
                    call(items[at]);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref failure, e, null);
                }
            }
        }
        var others = Enumerable.Range(1, Math.Max(0, Math.Min(mostAtOnce, items.Count) - 1)).Select(_ => new Thread(Work) { IsBackground = true }).ToList();
        others.ForEach(thread => thread.Start());
        Work();
        others.ForEach(thread => thread.Join());
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }
}
