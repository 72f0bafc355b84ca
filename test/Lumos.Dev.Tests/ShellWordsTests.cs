using Lumos.Drivers.Tools;
using Lumos.Machine;
using Xunit;

namespace Lumos.Dev.Tests;

public class ShellWordsTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("it's $HOME `id` \"quoted\" \\ *")]
    [InlineData("new\nline\ttab")]
    [InlineData("-n")]
    [InlineData("ünïcode;|&")]
    public void A_shell_reads_back_the_word(string word)
    {
        var run = Tool.Run("sh", "-c", $"printf '%s|' {ShellWords.Join(["a", word, "b"])}");
        Assert.Equal($"a|{word}|b|", run.Output);
    }
}
