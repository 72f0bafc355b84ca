using System.Text;
using Lumos.Core;

namespace Lumos.Cli;

/// <summary>
/// Rows of text in columns, as vmadm and imgadm list them: minimum widths (wider values push the rest of their own row),
/// two blanks between columns, no trailing blanks, "-" for an empty value; or colon-separated (-p) without header, escaping
/// or "-".
/// </summary>
/// <typeparam name="TRow">What one line shows.</typeparam>
public sealed class Table<TRow>
{
    private const int Chunk = 8 << 10;

    private readonly Dictionary<string, Column<TRow>> _columns = new(StringComparer.Ordinal);

    public Table(params IEnumerable<Column<TRow>> columns)
    {
        foreach (var column in columns)
        {
            _columns.Add(column.Field, column);
        }
    }

    /// <summary>Answers for fields that are not in the table, such as tags.X and nics.0.ip; null refuses the field.</summary>
    public Func<string, Column<TRow>?>? Lookup { get; init; }

    /// <summary>The names that -o and -s know, in their order.</summary>
    public IEnumerable<string> Fields => _columns.Keys;

    /// <param name="fields">Comma-separated, as -o takes them.</param>
    /// <exception cref="UsageException">An unknown field.</exception>
    public IReadOnlyList<Column<TRow>> Columns(string fields) =>
        [.. fields.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Column)];

    /// <summary>
    /// Sorts by a list of fields (-s), each with an optional + or - in front (- is descending). Numbers sort as
    /// numbers where both values are; ties keep their order.
    /// </summary>
    /// <exception cref="UsageException">An unknown field.</exception>
    public IReadOnlyList<TRow> Sort(IEnumerable<TRow> rows, string fields)
    {
        IOrderedEnumerable<TRow>? sorted = null;
        foreach (string word in fields.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            bool descending = word[0] == '-';
            var column = Column(word.TrimStart('+', '-'));
            sorted = (sorted, descending) switch
            {
                (null, false) => rows.OrderBy(column.Value, ValueOrder.Instance),
                (null, true) => rows.OrderByDescending(column.Value, ValueOrder.Instance),
                (_, false) => sorted.ThenBy(column.Value, ValueOrder.Instance),
                (_, true) => sorted.ThenByDescending(column.Value, ValueOrder.Instance),
            };
        }
        return [.. sorted ?? rows];
    }

    /// <summary>Writes the rows under upper-case headings.</summary>
    public void Write(TextWriter output, IEnumerable<TRow> rows, string fields, bool header = true)
    {
        var columns = Columns(fields);
        var lines = rows.Select(row => Line(columns, columns.Select(c => c.Value(row) is { Length: > 0 } value ? value : "-")));
        WriteLines(output, header ? lines.Prepend(Line(columns, columns.Select(c => c.Heading))) : lines);
    }

    /// <summary>Writes the rows for programs (-p): values joined by the delimiter, never escaped, nothing for empty.</summary>
    public void WriteParsable(TextWriter output, IEnumerable<TRow> rows, string fields, string delimiter = ":", bool header = false)
    {
        var columns = Columns(fields);
        var lines = rows.Select(row => string.Join(delimiter, columns.Select(c => c.Value(row) ?? "")));
        WriteLines(output, header ? lines.Prepend(string.Join(delimiter, columns.Select(c => c.Heading))) : lines);
    }

    private Column<TRow> Column(string field) =>
        _columns.GetValueOrDefault(field) ?? Lookup?.Invoke(field)
            ?? throw new UsageException($"unknown field \"{field}\"; known are {string.Join(", ", Fields)}");

    // Many lines at once: a command's output is flushed at each write.
    private static void WriteLines(TextWriter output, IEnumerable<string> lines)
    {
        var text = new StringBuilder();
        foreach (string line in lines)
        {
            text.Append(line).Append(output.NewLine);
            if (text.Length >= Chunk)
            {
                output.Write(text.ToString());
                text.Clear();
            }
        }
        output.Write(text.ToString());
    }

    private static string Line(IReadOnlyList<Column<TRow>> columns, IEnumerable<string> values) =>
        string.Join("  ", values.Select((v, i) => columns[i].AlignRight ? v.PadLeft(columns[i].Width) : v.PadRight(columns[i].Width)))
            .TrimEnd();

    private sealed class ValueOrder : IComparer<string?>
    {
        internal static readonly ValueOrder Instance = new();

        public int Compare(string? x, string? y) =>
            decimal.TryParse(x, out decimal a) && decimal.TryParse(y, out decimal b)
                ? a.CompareTo(b)
                : string.CompareOrdinal(x ?? "", y ?? "");
    }
}

/// <summary>One column: the name users give to -o, its least width, and how a row answers (null or empty: nothing).</summary>
public sealed record Column<TRow>(string Field, int Width, Func<TRow, string?> Value)
{
    /// <summary>Upper-case field unless said otherwise.</summary>
    public string Heading { get; init; } = Field.ToUpperInvariant();

    public bool AlignRight { get; init; }
}
