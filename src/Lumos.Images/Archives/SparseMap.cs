using System.Globalization;
using System.Text;

namespace Lumos.Images.Archives;

/// <summary>
/// Where the content of a sparse file lies. GNU tar has written it in four ways: into the header and blocks after it (its old
/// format), into the pax header (versions 0.0 and 0.1), and in front of the content (1.0).
/// </summary>
internal static class SparseMap
{
    private const int InHeader = 4, InExtension = 21;

    /// <summary>The old format. Null: damaged, or too many parts.</summary>
    public static List<long>? Old(TarBlock header, Func<byte[]> nextBlock, int mostNumbers)
    {
        var numbers = new List<long>();
        if (!Take(header, 386, InHeader, numbers))
        {
            return null;
        }
        for (bool more = header.IsExtended; more;)
        {
            byte[] extension = nextBlock();
            if (!Take(new TarBlock(extension), 0, InExtension, numbers) || numbers.Count > mostNumbers)
            {
                return null;
            }
            more = extension[504] != 0;
        }
        return numbers;
    }

    /// <summary>Version 0.1: offset, length, offset, length … Null: no numbers.</summary>
    public static List<long>? Listed(string text)
    {
        var numbers = new List<long>();
        foreach (string part in text.Split(','))
        {
            if (!long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                return null;
            }
            numbers.Add(number);
        }
        return numbers;
    }

    /// <summary>Version 1.0: a count, then pairs, a number a line, filled up to whole blocks. Null: damaged, or too many parts.</summary>
    /// <param name="nextBlock">The next block of the file's stored content.</param>
    public static List<long>? InContent(Func<byte[]?> nextBlock, int mostNumbers)
    {
        var numbers = new List<long>();
        var digits = new StringBuilder();
        long wanted = 1;
        while (numbers.Count < wanted && nextBlock() is { } block)
        {
            foreach (byte b in block)
            {
                if (numbers.Count == wanted)
                {
                    break;
                }
                if (b != '\n')
                {
                    if (b is < (byte)'0' or > (byte)'9' || digits.Length > 18)
                    {
                        return null;
                    }
                    digits.Append((char)b);
                    continue;
                }
                if (!long.TryParse(digits.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out long number))
                {
                    return null;
                }
                digits.Clear();
                numbers.Add(number);
                if (numbers.Count == 1)
                {
                    if (number > mostNumbers / 2)
                    {
                        return null;
                    }
                    wanted = 1 + (2 * number);
                }
            }
        }
        return numbers.Count == wanted ? numbers[1..] : null;
    }

    /// <summary>The parts, which must follow each other inside the file and be as long together as what is stored. Null: they are not.</summary>
    public static IReadOnlyList<Extent>? Extents(List<long> numbers, long size, long stored)
    {
        if (numbers.Count % 2 != 0)
        {
            return null;
        }
        var extents = new List<Extent>();
        long end = 0, sum = 0;
        for (int i = 0; i < numbers.Count; i += 2)
        {
            var (offset, length) = (numbers[i], numbers[i + 1]);
            if (offset < end || length < 0 || length > size - offset)
            {
                return null;
            }
            end = offset + length;
            sum += length;
            if (length > 0)
            {
                extents.Add(new Extent(offset, length));
            }
        }
        return sum == stored ? extents : null;
    }

    private static bool Take(TarBlock block, int offset, int count, List<long> numbers)
    {
        for (int i = 0; i < count; i++)
        {
            if (block.Number(offset + (24 * i), 12) is not { } at || block.Number(offset + (24 * i) + 12, 12) is not { } length)
            {
                return false;
            }
            if (length == 0 && at == 0)
            {
                continue; // not used
            }
            numbers.Add(at);
            numbers.Add(length);
        }
        return true;
    }
}
