using System.Globalization;
using System.Text;
using Lumos.Linux.Files;

namespace Lumos.Images.Archives;

/// <summary>
/// What a pax header says: records "LENGTH KEY=VALUE\n". Values are bytes: an extended attribute may be any. Of a key that comes
/// more than once the last counts, and one without a value takes back what was said before.
/// </summary>
internal sealed class PaxRecords
{
    public const string AttributePrefix = "SCHILY.xattr.";

    private readonly Dictionary<string, byte[]> _values = new(StringComparer.Ordinal);

    /// <summary>GNU's sparse map of version 0.0, which says a pair of keys for each part.</summary>
    public List<long> SparseNumbers { get; } = [];

    /// <summary>Bytes of memory, about.</summary>
    public long Bytes => _values.Sum(v => 50L + (2 * v.Key.Length) + v.Value.Length);

    public IEnumerable<string> Keys => _values.Keys;

    /// <summary>Adds the records of a header; false: it is malformed.</summary>
    public bool Add(ReadOnlySpan<byte> header)
    {
        while (!header.IsEmpty)
        {
            int blank = header.IndexOf((byte)' ');
            if (blank is < 1 or > 10 || !int.TryParse(header[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out int length)
                || length <= blank + 1 || length > header.Length || header[length - 1] != '\n')
            {
                return false;
            }
            var record = header[(blank + 1)..(length - 1)];
            int equals = record.IndexOf((byte)'=');
            if (equals < 1)
            {
                return false;
            }
            string key = Encoding.UTF8.GetString(record[..equals]);
            var value = record[(equals + 1)..];
            if (key is "GNU.sparse.offset" or "GNU.sparse.numbytes")
            {
                // They come in turns: an offset, then a length.
                if ((SparseNumbers.Count % 2 == 0) != (key == "GNU.sparse.offset")
                    || !long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
                {
                    return false;
                }
                SparseNumbers.Add(number);
            }
            else if (value.IsEmpty && !key.StartsWith(AttributePrefix, StringComparison.Ordinal))
            {
                _values.Remove(key);
            }
            else
            {
                _values[key] = value.ToArray();
            }
            header = header[length..];
        }
        return true;
    }

    /// <summary>The same with the records of another one over it.</summary>
    public PaxRecords Over(PaxRecords defaults)
    {
        foreach (var (key, value) in defaults._values)
        {
            _values.TryAdd(key, value);
        }
        return this;
    }

    public byte[]? this[string key] => _values.GetValueOrDefault(key);

    public string? Text(string key) => _values.TryGetValue(key, out byte[]? value) ? Encoding.UTF8.GetString(value) : null;

    /// <summary>A number of at least 0; null: not said; false: said, and no number.</summary>
    public bool TryNumber(string key, out long? number)
    {
        number = null;
        if (!_values.TryGetValue(key, out byte[]? value))
        {
            return true;
        }
        bool good = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long parsed);
        number = parsed;
        return good;
    }

    /// <summary>A time in seconds, with a fraction and a sign; what is no time counts as not said.</summary>
    public FileTime? Time(string key)
    {
        string? text = Text(key);
        if (text is null || !decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal time)
            || time is < -1_000_000_000_000 or > 1_000_000_000_000)
        {
            return null;
        }
        decimal seconds = Math.Floor(time);
        return new FileTime((long)seconds, (int)((time - seconds) * 1_000_000_000));
    }
}
