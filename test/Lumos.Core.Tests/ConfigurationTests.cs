using Lumos.Core.Boot;
using Lumos.Core.Configuration;
using Xunit;

namespace Lumos.Core.Tests;

public class ConfigurationTests
{
    [Theory]
    [InlineData("a=1", "1")]
    [InlineData("a='1 2'", "1 2")]
    [InlineData("a=\"1 \\\"2\\\" \\$\"", "1 \"2\" $")]
    [InlineData("a=x'y z'w", "xy zw")]
    [InlineData("a=$6$salt$hash", "$6$salt$hash")]
    [InlineData("a=1 # why", "1")]
    [InlineData("  export a=1", "1")]
    [InlineData("a=1\na=2", "2")]
    [InlineData("a=", "")]
    public void Values_are_read_as_a_shell_would(string text, string value) => Assert.Equal(value, ShellConfig.Parse(text)["a"]);

    [Theory]
    [InlineData("nonsense")]
    [InlineData("a b=1")]
    [InlineData("1a=2")]
    [InlineData("a='x")]
    [InlineData("a=\"$HOME\"")]
    [InlineData("a=`id`")]
    [InlineData("a=1; rm x")]
    [InlineData("a=1 2")]
    public void What_a_shell_would_take_otherwise_is_refused_by_line(string text)
    {
        var error = Assert.Throws<LumosException>(() => ShellConfig.Parse("# fine\n" + text, "/usbkey/config"));
        Assert.Equal("BadConfigFile", error.Code);
        Assert.Contains("/usbkey/config line 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_change_keeps_every_other_line()
    {
        const string Text = "# one\n\nb=2  # two\nexport a='1'\n";
        var config = ShellConfig.Parse(Text);
        Assert.Equal(Text, config.ToString());
        Assert.Equal("# one\n\nb=2  # two\na='x y'\nc='it'\\''s'\n", config.With("a", "x y").With("c", "it's").ToString());
        Assert.Equal("# one\n\nexport a='1'\n", config.Without("b").ToString());
        Assert.Equal("it's", ShellConfig.Parse(config.With("c", "it's").ToString())["c"]);
    }

    [Fact]
    public void Boot_arguments_have_quotes_flags_and_an_end()
    {
        var boot = BootArguments.Parse("console=ttyS0 noimport=true quiet x=\"a b\" \"y=c d\" x=2 -- zpool=secret\n");
        Assert.True(boot.NoImport);
        Assert.True(boot.IsTrue("quiet"));
        Assert.Equal(("2", "c d"), (boot["x"], boot["y"]));
        Assert.Null(boot["zpool"]);
        Assert.Null(boot["missing"]);
        Assert.False(BootArguments.Parse("noimport=false").NoImport);
    }
}
