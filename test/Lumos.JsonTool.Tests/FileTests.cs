using Xunit;

namespace Lumos.JsonTool.Tests;

public sealed class FileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-json-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Files_are_read_in_their_order()
    {
        string a = Write("a.json", "{\"a\":1}"), b = Write("b.json", "{\"a\":2}");
        Assert.Equal("1\n", Json.Ok("", "-f", a, "a"));
        Assert.Equal("1\n2\n", Json.Ok("", "-f", a, "-f", b, "-ga", "a"));
        Assert.Equal("{\"a\":2}\n", Json.Ok("", "-f", a, "-f", b, "--merge", "-0"));
        Assert.Equal("3\n", Json.Ok("{\"a\":3}", "-f", "-", "a"));
        Assert.Equal("[1,2]\n", Json.Ok("", "-f", Write("c", "[1]"), "-f", Write("d", "[2]"), "-g0"));
    }

    [Fact]
    public void What_is_wrong_with_a_file_is_told_with_its_name()
    {
        string bad = Write("bad.json", "nope");
        Assert.Contains($"\"{bad}\" is not JSON: Expected 'u' instead of 'o' at line 1, column 2:", Json.Run("", "-n", "-f", bad).Error);
        var (status, output, error) = Json.Run("", "-f", $"{_folder}/none", "a");
        Assert.Equal((1, ""), (status, output));
        Assert.Contains($"cannot read \"{_folder}/none\"", error);
        Assert.Equal(1, Json.Run("", "-f", _folder).Status);
    }

    [Fact]
    public void A_file_is_edited_in_place_with_its_mode_and_through_a_link()
    {
        string file = Write("s.json", "{\"b\":[1],\"a\":2}");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string link = Path.Combine(_folder, "link.json");
        File.CreateSymbolicLink(link, "s.json");
        Assert.Equal((0, "", $"json: updated \"{link}\" in-place\n"), Json.Run("", "-I", "-f", link));
        Assert.Equal("{\n  \"b\": [\n    1\n  ],\n  \"a\": 2\n}\n", File.ReadAllText(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal("s.json", new FileInfo(link).LinkTarget);
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder).Length);
    }

    [Fact]
    public void What_cannot_be_edited_stays_as_it_is()
    {
        string file = Write("a.json", "{\"a\":1}"), other = Write("b.json", "{}"), bad = Write("bad.json", "nope"), empty = Write("empty.json", "\"\"");
        Assert.Contains("exactly one file", Json.Run("", "-I", "-f", file, "-f", other).Error);
        Assert.Contains("exactly one file", Json.Run("", "-I").Error);
        Assert.Contains("too easy to lose content", Json.Run("", "-I", "-f", file, "a").Error);
        Assert.Equal(1, Json.Run("", "-I", "-f", bad).Status);
        Assert.Contains("nothing would be left", Json.Run("", "-I", "-f", empty).Error);
        Assert.Equal((0, "", ""), Json.Run("", "-I", "-n", "-f", file));
        Assert.Equal(("{\"a\":1}", "nope", "\"\""), (File.ReadAllText(file), File.ReadAllText(bad), File.ReadAllText(empty)));
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
