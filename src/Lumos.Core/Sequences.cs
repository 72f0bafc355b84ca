namespace Lumos;

/// <summary>
/// Select and Where for all code below the namespace Lumos, where they are found before the library's and mean the same.
/// Those are generic virtual methods underneath, to fuse with what comes before them, and the compiler ahead of time has to make a
/// body for every pair of types that might meet: four megabytes in our program, for a few nanoseconds a call.
/// </summary>
public static class Sequences
{
    public static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
    {
        foreach (var item in source)
        {
            yield return selector(item);
        }
    }

    public static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)
    {
        int index = 0;
        foreach (var item in source)
        {
            yield return selector(item, index++);
        }
    }

    public static IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        foreach (var item in source)
        {
            if (predicate(item))
            {
                yield return item;
            }
        }
    }
}
