using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Images.Model;

namespace Lumos.Images.Applets;

/// <summary>Rows of JSON as a table whose columns are any fields, each as wide as its widest value.</summary>
internal static class ImageTable
{
    public const string DefaultFields = "uuid,name,version,os,type,pub", DefaultSort = "published_at,name";

    public static void Write(TextWriter output, IEnumerable<JsonObject> rows, string fields, bool header) =>
        Write(output, rows.Select(row => (Func<string, JsonNode?>)(field => JsonPath.Find(row, field))), fields, header);

    /// <param name="rows">The field of a name, of each row.</param>
    public static void Write(TextWriter output, IEnumerable<Func<string, JsonNode?>> rows, string fields, bool header)
    {
        var all = rows.ToList();
        new Table<int>([]) { Lookup = field => Column(field, all, header) }.Write(output, Enumerable.Range(0, all.Count), fields, header);
    }

    public static IReadOnlyList<T> Sort<T>(IEnumerable<T> items, Func<T, string, JsonNode?> field, string fields) =>
        new Table<T>([]) { Lookup = name => new Column<T>(name, 0, item => JsonPath.Text(field(item, name))) }.Sort(items, fields).ToList();

    // Each text is made once: for the width, and then for the line.
    private static Column<int> Column(string field, List<Func<string, JsonNode?>> rows, bool header)
    {
        string?[] texts = [.. rows.Select(row => JsonPath.Text(row(field)))];
        return new Column<int>(field, texts.Select(t => t?.Length ?? 1).Append(header ? field.Length : 1).Max(), row => texts[row]);
    }
}
