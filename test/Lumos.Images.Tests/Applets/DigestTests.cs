using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Applets;
using Xunit;

namespace Lumos.Images.Tests.Applets;

public sealed class DigestTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public DigestTests() => File.WriteAllText(_file, "abc");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Sums_are_those_of_the_standards()
    {
        Assert.Equal("a9993e364706816aba3e25717850c26c9cd0d89d\n", Run("-a", "sha1", _file));
        Assert.Equal($"md5 ({_file}) = 900150983cd24fb0d6963f7d28e17f72\n", Run("-v", "-a", "md5", _file));
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n", Run("-a", "sha256"));
        Assert.Equal($"({_file}) = a9993e364706816aba3e25717850c26c9cd0d89d\n({_file}) = a9993e364706816aba3e25717850c26c9cd0d89d\n", Run("-a", "sha1", _file, _file));
        Assert.Contains("sha512\n", Run("-l"));
    }

    [Fact]
    public void What_there_is_not_is_named()
    {
        Assert.Contains("\"crc7\"", Assert.Throws<UsageException>(() => Run("-a", "crc7", _file)).Message);
        Assert.Throws<UsageException>(() => Run(_file));
        Assert.Throws<FileNotFoundException>(() => Run("-a", "sha1", _file + ".none"));
    }

    private static string Run(params string[] words)
    {
        using var output = new StringWriter();
        _ = DigestApplet.Run(new AppletContext { Name = "digest", Args = words, Out = output, OpenInput = () => new MemoryStream([.. "abc"u8]) });
        return output.ToString();
    }
}
