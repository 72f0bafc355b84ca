using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Images.Model;

namespace Lumos.Images.Applets;

/// <summary>Rows of JSON as a table whose columns are any fields, each as wide as its widest value.</summary>
internal static class ImageTable
{
    public const string DefaultFields = "uuid,name,version,os,type,pub", DefaultSort = "published_at,name";

    public static void Write(TextWriter output, IEnumerable<JsonObject> rows, string fields, bool header)
    {
        var all = rows.ToList();
        new Table<JsonObject>([]) { Lookup = field => Column(field, all, header) }.Write(output, all, fields, header);
    }

    public static IReadOnlyList<T> Sort<T>(IEnumerable<T> items, Func<T, JsonObject> row, string fields) =>
        new Table<(T Item, JsonObject Row)>([])
        {
            Lookup = field => new Column<(T Item, JsonObject Row)>(field, 0, pair => Text(pair.Row, field)),
        }.Sort(items.Select(i => (i, row(i))), fields).Select(pair => pair.Item).ToList();

    private static Column<JsonObject> Column(string field, List<JsonObject> rows, bool header)
    {
        int width = rows.Select(r => Text(r, field)?.Length ?? 1).Append(header ? field.Length : 1).Max();
        return new Column<JsonObject>(field, width, row => Text(row, field));
    }

    private static string? Text(JsonObject row, string field) => JsonPath.Text(JsonPath.Find(row, field));
}
